//! Both decoding passes make the same of any bytes: rows, what is said of them, and errors.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| rest_source::compare_passes(data));
