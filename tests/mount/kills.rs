//! A program that is killed in any step leaves nothing.

use std::path::PathBuf;
use std::process::Command;

use cfs::mount::{Kernel, MountPoint, Step, Way};
use rustix::process::{Pid, Signal, kill_process};

use crate::world::{World, as_root, ways};

/// What the other program is told: step, way, image, objects and mount point.
const TOLD: &str = "CFS_TEST_KILLED";

#[test]
fn a_program_that_is_killed_in_any_step_leaves_nothing() {
    as_root(|world| {
        let image = world.image_in_ram();
        let before = world.all();
        for (number, (way, _)) in ways().iter().enumerate() {
            let is_killed = |step| is_killed(world, &image, step, number, &before);
            let killed = Step::ALL.iter().filter(|step| is_killed(**step)).count();
            // All but what takes other options, and a namespace where none is needed.
            let all = if world.way(*way) == Way::Descriptors { 16 } else { 19 };
            assert_eq!(killed, all, "{way:?}");
        }
    });
}

/// Runs a program that kills itself before a step. False if it never took it.
#[track_caller]
fn is_killed(world: &World, image: &PathBuf, step: Step, way: usize, before: &str) -> bool {
    let number = Step::ALL.iter().position(|known| *known == step).unwrap();
    let mut told = std::ffi::OsString::from(format!("{number}|{way}"));
    for path in [image, &world.path("objects"), &world.path("mnt")] {
        told.push("|");
        told.push(path);
    }
    let mut program = Command::new(std::env::current_exe().unwrap());
    program.args(["--exact", "kills::the_program_that_is_killed"]).env(TOLD, told);
    let ended = program.output().unwrap();
    if ended.status.success() {
        world.unmount("mnt");
    } else {
        use std::os::unix::process::ExitStatusExt;
        assert_eq!(ended.status.signal(), Some(9), "{step:?}: {ended:?}");
    }
    world.becomes(before);
    !ended.status.success()
}

#[test]
fn the_program_that_is_killed() {
    let Some(told) = std::env::var_os(TOLD) else { return };
    let told = told.into_string().unwrap();
    let [step, way, image, objects, point] = told.split('|').collect::<Vec<_>>()[..] else {
        panic!("{told}")
    };
    let at = Step::ALL[step.parse::<usize>().unwrap()];
    let die = |step| {
        if step == at {
            kill_process(Pid::from_raw(std::process::id().cast_signed()).unwrap(), Signal::KILL)?;
        }
        Ok(())
    };
    let mut kernel: Kernel<'_> = ways()[way.parse::<usize>().unwrap()].1;
    kernel.before = &die;
    let mut options = cfs::mount::MountOptions::default();
    options.add("tryverity", cfs::mount::Unknown::Refuse).unwrap();
    options.basedirs = vec![objects.into()];
    let point = MountPoint::open(point.as_ref()).unwrap();
    let mount = cfs::mount::prepare(image.as_ref(), &options, &kernel).unwrap();
    mount.attach(&point, &kernel).unwrap();
}
