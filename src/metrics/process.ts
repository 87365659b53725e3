import type { Registry } from "prom-client";
import osMemoryHeap from "prom-client/lib/metrics/osMemoryHeap";
import processCpuTotal from "prom-client/lib/metrics/processCpuTotal";
import processMaxFileDescriptors from "prom-client/lib/metrics/processMaxFileDescriptors";
import processOpenFileDescriptors from "prom-client/lib/metrics/processOpenFileDescriptors";
import processStartTime from "prom-client/lib/metrics/processStartTime";

/**
 * The process_* metrics of prom-client's defaults. Its documented collectDefaultMetrics registers the nodejs_* ones as well and takes
 * no choice: their event loop monitor alone takes 1 % of a core, and of Bun they report mostly 0.
 */
export function registerProcessMetrics(registry: Registry): void {
	processCpuTotal(registry);
	processStartTime(registry);
	osMemoryHeap(registry);
	// What the runtime reserved, several GB of addresses, under the help text "Process heap size".
	registry.removeSingleMetric("process_heap_bytes");
	processOpenFileDescriptors(registry);
	processMaxFileDescriptors(registry);
}
