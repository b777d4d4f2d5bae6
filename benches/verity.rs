//! Speed of each kernel, in memory: `cargo bench --bench verity`.
//!
//! Kernels take turns; the median of the process's CPU time counts, and ratios are to `Portable`.
use cfs::verity::{Algorithm, Block, Hasher, Kernel};
use std::fs;
use std::hint::black_box;

const MIB: usize = 1 << 20;
const PIECE: usize = MIB / 4;
const RUNS: usize = 11;

fn main() {
    let data: Vec<u8> = (0..64 * MIB).map(|i| (i % 251) as u8).collect();
    for algorithm in [Algorithm::Sha256, Algorithm::Sha512] {
        compare(algorithm, "64 MiB in pieces of 256 KiB", data.len(), |kernel| {
            let mut hasher = Hasher::with_kernel(algorithm, kernel);
            data.chunks(PIECE).for_each(|piece| hasher.update(piece));
            black_box(hasher.finish());
        });
    }
    let blocks = data[..MIB].as_chunks().0;
    for count in [1, 2, 3, 4, 8, 9, 10, 11, 16] {
        let name = format!("{count} leaves at a time");
        compare(Algorithm::Sha256, &name, 16 * MIB, |kernel| leaves_sha256(kernel, blocks, count));
        compare(Algorithm::Sha512, &name, 16 * MIB, |kernel| leaves_sha512(kernel, blocks, count));
    }
}

fn leaves_sha256(kernel: Kernel, blocks: &[Block], count: usize) {
    let mut out = [[0; 32]; 16];
    for start in (0..4096 / count).map(|call| call * count % 240) {
        kernel.hash_leaves_sha256(black_box(&blocks[start..start + count]), &mut out);
        black_box(&out);
    }
}

fn leaves_sha512(kernel: Kernel, blocks: &[Block], count: usize) {
    let mut out = [[0; 64]; 16];
    for start in (0..4096 / count).map(|call| call * count % 240) {
        kernel.hash_leaves_sha512(black_box(&blocks[start..start + count]), &mut out);
        black_box(&out);
    }
}

/// Runs `work` with every kernel in turn, and prints what each took.
fn compare(algorithm: Algorithm, name: &str, bytes: usize, work: impl Fn(Kernel)) {
    let kernels: Vec<Kernel> = Kernel::available().collect();
    let mut times = vec![Vec::new(); kernels.len()];
    for _ in 0..RUNS {
        for (kernel, times) in kernels.iter().zip(&mut times) {
            let start = cpu_nanoseconds();
            work(*kernel);
            times.push(cpu_nanoseconds() - start);
        }
    }
    println!("{algorithm}, {name}:");
    let medians: Vec<f64> = times.iter_mut().map(|times| median(times)).collect();
    for (kernel, median) in kernels.iter().zip(&medians) {
        let (speed, ratio) = (bytes as f64 / MIB as f64 / (median / 1e9), medians[0] / median);
        println!("  {:<9} {speed:>6.0} MiB/s  x{ratio:.2}", format!("{kernel:?}"));
    }
}

fn median(times: &mut [u64]) -> f64 {
    times.sort_unstable();
    times[times.len() / 2] as f64
}

/// CPU time of this process so far (it has one thread), from Linux's scheduler.
fn cpu_nanoseconds() -> u64 {
    // The account is brought up to date when the scheduler runs.
    std::thread::yield_now();
    let stat = fs::read_to_string("/proc/self/schedstat").expect("Linux with scheduler statistics");
    stat.split(' ').next().and_then(|field| field.parse().ok()).expect("a number of nanoseconds")
}
