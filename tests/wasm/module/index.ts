/** What tests look at, beside what the product's module exports: AssemblyScript, compiled by tests/support/engine.ts. */
export * from "./decode";
export * from "./track";
