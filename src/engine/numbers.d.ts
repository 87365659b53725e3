/** AssemblyScript's names of numbers, for the constants that both sides read. */
declare type i32 = number;
declare type u32 = number;
declare type f64 = number;
