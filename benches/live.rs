//! Directories, stores and extraction as whole programs, side by side with what else there is: the
//! reference's mkcomposefs, and cp(1).
//!
//! `CFS_BENCH_FILES` small files (60,000 unless given), and `CFS_BENCH_MEBIBYTES` (1024) in four large
//! ones, of which thirteen copies are made. Each pair of commands runs in turn, three times; what counts
//! is the ratio of the medians.
#![allow(missing_docs, reason = "a program")]

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

const ROUNDS: usize = 3;

fn number(name: &str, default: usize) -> usize {
    std::env::var(name).map_or(default, |text| text.parse().expect("a number"))
}

/// Bytes that repeat nowhere, the same every time.
fn noise(seed: u64, len: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut bytes = Vec::with_capacity(len + 8);
    while bytes.len() < len {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(len);
    bytes
}

fn small_files(root: &Path) {
    for file in 0..number("CFS_BENCH_FILES", 60_000) {
        let dir = root.join(format!("d{}", file / 500));
        if file % 500 == 0 {
            fs::create_dir_all(&dir).unwrap();
        }
        let path = dir.join(format!("file-{file}"));
        let seed = u64::try_from(file).unwrap();
        fs::write(&path, noise(seed, 500 + file * 7919 % 3500)).unwrap();
        let value = b"system_u:object_r:usr_t:s0\0";
        // Where the file system has no xattrs, both sides read none.
        let flags = rustix::fs::XattrFlags::empty();
        let _ = rustix::fs::setxattr(&path, "user.label", value, flags);
    }
}

fn large_files(root: &Path) {
    let each = number("CFS_BENCH_MEBIBYTES", 1024).div_ceil(4);
    fs::create_dir_all(root).unwrap();
    for file in 0..4 {
        let mut out = File::create(root.join(format!("large-{file}"))).unwrap();
        for piece in 0..each {
            let seed = u64::try_from(file * each + piece).unwrap();
            out.write_all(&noise(seed, 1 << 20)).unwrap();
        }
    }
}

/// CPU seconds of all children so far, in steps of a clock tick.
fn children_cpu() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap();
    let behind = stat.rsplit_once(") ").unwrap().1;
    let ticks = behind.split(' ').skip(13).take(2).map(|field| field.parse::<f64>().unwrap());
    let per_second = rustix::param::clock_ticks_per_second();
    ticks.sum::<f64>() / per_second.to_string().parse::<f64>().unwrap()
}

/// CPU and wall seconds of a shell command.
fn timed(command: &str, world: &Path) -> (f64, f64) {
    let (cpu, wall) = (children_cpu(), Instant::now());
    let mut shell = Command::new("sh");
    let shell = shell.args(["-ec", command]).current_dir(world).stdout(Stdio::null());
    assert!(shell.status().unwrap().success(), "{command}");
    (children_cpu() - cpu, wall.elapsed().as_secs_f64())
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Runs two commands in turn, and prints what each costs. `{new}` in them is a name that nothing has.
///
/// Nothing is removed between the runs: ext4 makes files slowly for minutes after many were removed,
/// as it passes over the inodes of each, which would be charged to whoever comes next.
fn compare(what: &str, ours: &str, theirs: Option<&str>, world: &Path) {
    let commands: Vec<&str> = [Some(ours), theirs].into_iter().flatten().collect();
    let mut runs = vec![(Vec::new(), Vec::new()); commands.len()];
    let mut names = 0..;
    for _ in 0..ROUNDS {
        for (command, (cpu, wall)) in commands.iter().zip(&mut runs) {
            let new = format!("{}-{}", what.replace([' ', ':', ','], "-"), names.next().unwrap());
            let cost = timed(&command.replace("{new}", &new), world);
            cpu.push(cost.0);
            wall.push(cost.1);
            timed("sync", world);
        }
    }
    let medians = runs.into_iter().map(|(cpu, wall)| (median(cpu), median(wall)));
    let medians: Vec<(f64, f64)> = medians.collect();
    print!("{what:34} cpu {:7.2} s  wall {:7.2} s", medians[0].0, medians[0].1);
    match medians.get(1) {
        Some((cpu, wall)) => println!(
            "  of {cpu:7.2} s, {wall:7.2} s: {:3.0} %, {:3.0} %",
            100.0 * medians[0].0 / cpu,
            100.0 * medians[0].1 / wall
        ),
        None => println!("  (nothing to compare with)"),
    }
}

fn main() {
    let world = tempfile::tempdir().unwrap();
    let world = world.path();
    let cfs = env!("CARGO_BIN_EXE_cfs");
    let reference = Command::new("mkcomposefs").arg("--help").output().is_ok();
    if !reference {
        println!("skipped: mkcomposefs is not on PATH");
    }
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let by_reference =
        |arguments: &str| reference.then(|| format!("mkcomposefs --threads={threads} {arguments}"));
    for (name, make) in [("small", small_files as fn(&Path)), ("large", large_files)] {
        make(&world.join(name));
        compare(
            &format!("{name}: digest only"),
            &format!("{cfs} mkimage -q --print-digest-only {name}"),
            by_reference(&format!("--print-digest-only {name}")).as_deref(),
            world,
        );
        compare(
            &format!("{name}: image and new store"),
            &format!("{cfs} mkimage -q --digest-store {{new}} {name} {{new}}.cfs"),
            by_reference(&format!("--digest-store={{new}} {name} {{new}}.cfs")).as_deref(),
            world,
        );
        timed(&format!("{cfs} mkimage -q --digest-store objects-{name} {name} {name}.cfs"), world);
        compare(
            &format!("{name}: extract, cp and check"),
            &format!("{cfs} extract -q --basedir objects-{name} {name}.cfs {{new}}"),
            Some(&format!(
                "cp -a --reflink=auto {name} {{new}}; {cfs} store verify -q objects-{name}"
            )),
            world,
        );
    }
}
