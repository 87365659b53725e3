/** The direction of a frame, if the link header has one that means something. */
export enum Direction {
	/** The link type has no direction, the interface is loopback, or the frame is to another host, as on a mirror port. */
	Unknown = 0,
	Incoming,
	Outgoing,
}
