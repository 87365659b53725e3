/** All problems of a configuration, one line each, with their positions. Exit code 2. */
export class ConfigError extends Error {
	readonly problems: readonly string[];
	constructor(problems: readonly string[]) {
		super(problems.join("\n"));
		this.problems = problems;
	}
}

/** Nothing is wrong but that no domain is configured, as in somebody's first try. */
export class NoDomainError extends ConfigError {}
