//! Fuzzes `import`: the question is in `tests/it/oracle/import.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| bakec_fuzz::import(text));
libfuzzer_sys::fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    bakec_fuzz::mutate::mutate(data, size, max_size, seed)
});
