//! Writers that are killed, and many at once.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use cfs::progress::Progress;
use cfs::store::{Source, Store};
use cfs::threads::Threads;

use super::{CFS, cfs, is_clean, options, verifies};

/// Where the test below that is a writer is told to write; without it, it does nothing.
const CHILD: &str = "CFS_TEST_STORE";

/// A directory in memory, where there is one: syncing it costs nothing.
fn fast_place() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap()
}

/// Small files and a large one.
fn sources(dir: &Path) -> Vec<PathBuf> {
    let sizes = (0..150_usize).map(|i| i * i).chain([9 << 20]);
    let write = |(i, size): (usize, usize)| {
        let path = dir.join(format!("source{i}"));
        fs::write(&path, vec![u8::try_from(i).unwrap(); size]).unwrap();
        path
    };
    sizes.enumerate().map(write).collect()
}

fn program(store: &Path, sources: &[PathBuf]) -> Child {
    let mut command = Command::new(CFS);
    command.args(["store", "add", "-q"]).arg(store).args(sources);
    command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

/// This very program, with only the test below.
fn named(store: &Path, _: &[PathBuf]) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "kills::a_writer_with_named_temporaries"]).env(CHILD, store);
    command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

#[test]
fn a_writer_with_named_temporaries() {
    let Some(path) = std::env::var_os(CHILD) else { return };
    let store = Store::create(&path, &options(true)).unwrap();
    let mut writer = store.writer();
    for i in 0..300_u16 {
        let bytes = vec![7; usize::from(i) * 16];
        let bytes = [&i.to_le_bytes()[..], &bytes].concat();
        writer.add(Source::Bytes(&bytes), Threads::ONE, &Progress::default()).unwrap();
    }
    writer.finish().unwrap();
}

/// Kills writers at times spread over a whole run; each store is given to several of them.
fn killed(start: fn(&Path, &[PathBuf]) -> Child, runs: u32) {
    let dir = fast_place();
    let sources = sources(dir.path());
    let whole = Instant::now();
    assert!(start(&dir.path().join("first"), &sources).wait().unwrap().success());
    let whole = whole.elapsed();
    let (mut cut_short, mut seed) = (0, 12345_u32);
    for run in 0..runs {
        let path = dir.path().join(format!("store{}", run / 4));
        let mut child = start(&path, &sources);
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        std::thread::sleep(whole.mul_f64(f64::from(seed >> 16) / 65536.0));
        child.kill().unwrap();
        cut_short += u32::from(!child.wait().unwrap().success());
        if path.exists() {
            verifies(&path);
        }
        if run % 4 == 3 {
            assert!(start(&path, &sources).wait().unwrap().success());
            is_clean(&path);
            let found = Store::open(&path).unwrap().list().unwrap().objects.len();
            assert!(found == 151 || found == 300, "{found}");
            fs::remove_dir_all(&path).unwrap();
        }
    }
    assert!(cut_short * 4 > runs, "{cut_short} of {runs} were killed in time");
}

#[test]
fn two_hundred_writers_killed_at_any_time_leave_nothing_wrong() {
    killed(program, 200);
}

#[test]
fn writers_whose_temporaries_have_names_leave_nothing_wrong_when_killed() {
    killed(named, 100);
}

#[test]
fn ten_writers_at_once_make_one_store() {
    for start in [program, named] {
        let dir = fast_place();
        let sources = sources(dir.path());
        let path = dir.path().join("store");
        let mut children: Vec<Child> = (0..10).map(|_| start(&path, &sources)).collect();
        for child in &mut children {
            assert!(child.wait().unwrap().success());
        }
        is_clean(&path);
    }
}

#[test]
fn ten_threads_at_once_make_one_store() {
    let dir = fast_place();
    let path = dir.path().join("store");
    let store = Store::create(&path, &options(false)).unwrap();
    let added: Vec<_> = std::thread::scope(|scope| {
        let work = || {
            let mut writer = store.writer();
            for number in 0..500_u32 {
                let bytes = number.to_le_bytes();
                writer.add(Source::Bytes(&bytes), Threads::ONE, &Progress::default()).unwrap();
            }
            writer.finish().unwrap()
        };
        let threads: Vec<_> = (0..10).map(|_| scope.spawn(work)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(added.iter().map(|added| added.new.objects).sum::<u64>(), 500);
    assert_eq!(added.iter().map(|added| added.existing.objects).sum::<u64>(), 4500);
    is_clean(&path);
}

#[test]
fn a_writer_that_is_stopped_by_a_closed_pipe_has_stored_all() {
    let dir = fast_place();
    let sources = sources(dir.path());
    let path = dir.path().join("store");
    let mut command = Command::new(CFS);
    command.args(["store", "add", "-q"]).arg(&path).args(&sources).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    drop(child.stdout.take());
    assert!(child.wait().unwrap().success());
    is_clean(&path);
    let stats = cfs(&["store", "stats"], &[&path]);
    assert!(String::from_utf8(stats.stdout).unwrap().contains("store 151 "));
}
