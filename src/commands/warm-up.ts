import { LinkType } from "../capture/source.ts";
import { recordedDomain, writeRecordedFrames } from "../demo/recording.ts";
import type { Engine } from "../engine/engine.ts";
import type { Exporter } from "../exporter/exporter.ts";
import { mtuDefault, recordTypeDefault, type Tunnel } from "../tunnel.ts";
import { clientIdBytes } from "../wasm/shared/wire.ts";

/** So often, the runtime compiles decoder and tracker, and lookups, for good. */
const rounds = 30;
const lookups = 500;

/** The recorded tunnel, which the engine has to watch. */
export const recordedTunnel: Tunnel = {
	domain: recordedDomain,
	wire: "dnstt",
	recordType: recordTypeDefault,
	clientIdBytes,
	mtu: mtuDefault,
};

/**
 * Has the runtime compile what frames run before they come as fast as a network brings them: meanwhile more would come than the capture
 * buffer holds. An engine of its own observes the recording again and again, and addresses from everywhere are looked up. Takes 40 ms.
 */
export async function warmUp(engine: Engine, lookUp: Exporter["lookUp"]): Promise<void> {
	engine.lookFor(LinkType.EN10MB, [53]);
	const used = await writeRecordedFrames(engine.batch);
	for (let round = 0; round < rounds; round++) {
		engine.observe(used);
		for (let lookup = round; lookup < lookups; lookup += rounds)
			lookUp(0, 0, 0xffff, Math.floor((lookup / lookups) * 2 ** 32));
		// The capture has a turn.
		await Bun.sleep(0);
	}
}
