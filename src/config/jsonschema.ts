import * as z from "zod";
import { fileSchema } from "./schema.ts";

/** JSON Schema (draft 2020-12) of the configuration file, for editors and other validators. */
export function configJsonSchema(): Record<string, unknown> {
	return z.toJSONSchema(fileSchema, {
		io: "input",
		override({ jsonSchema }) {
			// The default of a section, {}, adds nothing to the defaults of its keys.
			if (Bun.deepEquals(jsonSchema.default, {})) delete jsonSchema.default;
		},
	}) as Record<string, unknown>;
}
