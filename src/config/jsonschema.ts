/** The schema of the configuration as others read it. */

import * as z from "zod";
import { fileSchema } from "./schema.ts";

/** JSON Schema (draft 2020-12) of the configuration file, for editors and other validators. */
export function configJsonSchema(): Record<string, unknown> {
	return z.toJSONSchema(fileSchema, {
		io: "input",
		override({ jsonSchema }) {
			// A section without its keys is empty: the default says nothing that the keys' own do not.
			if (Bun.deepEquals(jsonSchema.default, {})) delete jsonSchema.default;
		},
	}) as Record<string, unknown>;
}
