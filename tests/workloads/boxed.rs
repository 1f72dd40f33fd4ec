// boxed MILLISECONDS: burns CPU time in main > work > leaf, the last through a boxed closure.
use std::time::{Duration, Instant};

#[no_mangle]
#[inline(never)]
pub extern "C" fn leaf(seed: u64) -> u64 {
    (0..1_000_000).fold(seed, |sum, number| std::hint::black_box(sum ^ number))
}

#[no_mangle]
#[inline(never)]
pub extern "C" fn work(end_ms: u64) -> u64 {
    let end = Instant::now() + Duration::from_millis(end_ms);
    let call: Box<dyn Fn(u64) -> u64> = Box::new(|seed| leaf(seed) + 1);
    let mut sum = 0;
    while Instant::now() < end {
        sum = std::hint::black_box(&call)(sum);
    }
    sum
}

fn main() {
    let ms = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(300);
    std::process::exit((work(ms) == 1) as i32);
}
