/** The schema of the configuration as others read it. Said apart: what makes it is half of zod, and only `print` asks for it. */

import * as z from "zod/mini";
import { fileSchema } from "./schema.ts";

/** JSON Schema (draft 2020-12) of the configuration file, for editors and other validators. */
export function configJsonSchema(): Record<string, unknown> {
	return z.toJSONSchema(fileSchema, {
		io: "input",
		override({ zodSchema, jsonSchema }) {
			// A section without its keys is empty: the default says nothing that the keys' own do not.
			if (zodSchema instanceof z.ZodMiniPrefault && zodSchema.def.innerType instanceof z.ZodMiniObject)
				delete jsonSchema.default;
		},
	}) as Record<string, unknown>;
}
