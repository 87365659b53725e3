/**
 * LINKTYPE_ numbers (tcpdump.org/linktypes.html) that the decoder supports. A source with another one is refused by
 * name when it opens.
 */
export enum LinkType {
	NULL = 0,
	EN10MB = 1,
	RAW = 101,
	LOOP = 108,
	LINUX_SLL = 113,
	IPV4 = 228,
	IPV6 = 229,
	LINUX_SLL2 = 276,
}
