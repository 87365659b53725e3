/** Begin and end of conditions in the log. */

import type { Logger } from "../log.ts";
import type { ConditionReports } from "../status/condition-list.ts";
import type { Condition } from "../summary/conditions.ts";

export function createConditionLog(log: Pick<Logger, "info" | "warn">): ConditionReports {
	/** The capture logs itself, at once, that it failed and that it is open. */
	const isLogged = ({ id }: Condition) => id !== "capture_closed";
	return {
		begun(condition) {
			const { id, since, sentence: problem, remedy } = condition;
			if (!isLogged(condition)) return;
			// An empty tunnel is normal; nothing since the start is often a wrong setting.
			const level = id === "no_clients" ? "info" : "warn";
			log[level]("condition began", { condition: id, since, problem, remedy });
		},
		ended(condition) {
			const { id, since, sentence: problem } = condition;
			if (isLogged(condition)) log.info("condition ended", { condition: id, since, problem });
		},
	};
}
