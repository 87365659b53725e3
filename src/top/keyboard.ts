/** What `top` takes from the terminal. */
export interface Keyboard {
	/** Calls `typed` with what is typed; returns the function that ends that and lets the terminal echo again. */
	readKeys(typed: (text: string) => void): () => void;
	/** Calls `work` when the window has another size. */
	onResized(work: () => void): void;
}

/** The keyboard of standard input; without a terminal there nothing is typed. */
export const keyboard: Keyboard = {
	readKeys(typed) {
		const { stdin } = process;
		if (!stdin.isTTY) return () => {};
		stdin.setRawMode(true);
		stdin.setEncoding("utf8");
		stdin.on("data", typed);
		const end = () => {
			process.off("exit", end);
			stdin.setRawMode(false);
			stdin.pause();
		};
		process.on("exit", end);
		return end;
	},
	onResized(work) {
		process.on("SIGWINCH", work);
	},
};
