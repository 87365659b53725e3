/** AssemblyScript's number types, for the constants that both compilers read. */
declare type i32 = number;
declare type u32 = number;
declare type f64 = number;
