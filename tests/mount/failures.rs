//! A failure in any step leaves nothing, and says which step it was.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Mutex;

use cfs::mount::{Kernel, Measured, MountErrorKind, MountPoint, Role, Step, Way, check_seal};
use cfs::store::Mismatch;
use cfs::verity::Digest;
use rustix::io::Errno;

use crate::world::{World, as_root, ways};

/// Mounts with everything there is, and unmounts.
fn mount(world: &World, image: &Path, kernel: &Kernel<'_>) -> Result<(), cfs::mount::MountError> {
    let options = format!(
        "tryverity,upperdir={},workdir={}",
        world.path("upper").display(),
        world.path("work").display()
    );
    let point = MountPoint::open(&world.path("mnt"))?;
    let mount = cfs::mount::prepare(image, &world.options(&options), kernel)?;
    mount.attach(&point, kernel)?;
    world.unmount("mnt");
    Ok(())
}

/// The steps that a mount takes.
fn steps(world: &World, image: &Path, kernel: &Kernel<'_>) -> BTreeSet<Step> {
    let steps = Mutex::new(BTreeSet::new());
    let record = |step| {
        steps.lock().unwrap().insert(step);
        Ok(())
    };
    let kernel = with(kernel, &record);
    mount(world, image, &kernel).unwrap();
    steps.into_inner().unwrap()
}

fn with<'a>(
    kernel: &Kernel<'_>,
    before: &'a (dyn Fn(Step) -> Result<(), Errno> + Sync),
) -> Kernel<'a> {
    let mut with = Kernel::default();
    with.file_backed = kernel.file_backed;
    with.descriptors = kernel.descriptors;
    with.single_layers = kernel.single_layers;
    with.before = before;
    with
}

#[test]
fn a_failure_in_any_step_leaves_nothing() {
    as_root(|world| {
        let in_ram = world.image_in_ram();
        for image in [&world.path("image.cfs"), &in_ram] {
            for (_, kernel) in ways() {
                let taken = steps(world, image, &kernel);
                let before = world.all();
                for &step in &taken {
                    let fail = |at| if at == step { Err(Errno::IO) } else { Ok(()) };
                    let error = mount(world, image, &with(&kernel, &fail)).unwrap_err();
                    match error.kind() {
                        MountErrorKind::Step(found, Errno::IO) => assert_eq!(*found, step),
                        MountErrorKind::Open { errno: Errno::IO, .. } => {}
                        kind => panic!("{step:?}: {kind:?}"),
                    }
                    world.becomes(&before);
                }
            }
        }
    });
}

#[test]
fn every_step_is_taken_by_some_mount() {
    as_root(|world| {
        let in_ram = world.image_in_ram();
        let mut taken = BTreeSet::new();
        for (way, kernel) in ways() {
            let steps = steps(world, &in_ram, &kernel);
            let needs_namespace = world.way(way) != Way::Descriptors;
            assert_eq!(steps.contains(&Step::Unshare), needs_namespace, "{way:?}");
            taken.extend(steps);
        }
        let rest: Vec<Step> = Step::ALL.into_iter().filter(|step| !taken.contains(step)).collect();
        // These two belong to options that need more than a kernel: a seal and a namespace.
        assert_eq!(rest, [Step::Measure, Step::OpenNamespace, Step::MapIds]);
    });
}

#[test]
fn a_failure_to_map_owners_leaves_nothing() {
    as_root(|world| {
        let image = world.image_in_ram();
        let before = world.all();
        for (_, kernel) in ways() {
            let options = world.options("idmap=/proc/self/ns/user");
            cfs::mount::prepare(&image, &options, &kernel).unwrap_err();
            world.becomes(&before);
        }
    });
}

#[test]
fn a_mount_that_is_not_attached_is_gone_when_it_is_dropped() {
    as_root(|world| {
        let image = world.image_in_ram();
        let before = world.all();
        for (_, kernel) in ways() {
            drop(cfs::mount::prepare(&image, &world.options(""), &kernel).unwrap().into_fd());
            world.becomes(&before);
        }
    });
}

#[test]
fn a_device_that_is_taken_by_others_is_looked_for_again_but_not_for_ever() {
    as_root(|world| {
        let image = world.image_in_ram();
        let before = world.all();
        for (failures, succeeds) in [(3, true), (10_000, false)] {
            let left = std::sync::atomic::AtomicU32::new(failures);
            let busy = |step| {
                let is_busy = step == Step::LoopConfigure
                    && left.fetch_sub(1, std::sync::atomic::Ordering::Relaxed) > 0;
                if is_busy { Err(Errno::BUSY) } else { Ok(()) }
            };
            let kernel = with(&Kernel::default(), &busy);
            let mount = cfs::mount::prepare(&image, &world.options(""), &kernel);
            assert_eq!(mount.is_ok(), succeeds);
            if let Err(error) = &mount {
                let expected = MountErrorKind::Step(Step::LoopConfigure, Errno::BUSY);
                assert_eq!(*error.kind(), expected);
            }
            drop(mount);
            world.becomes(&before);
        }
    });
}

#[test]
fn a_seal_must_be_that_which_is_demanded() {
    let digest = |byte, len| Digest::from_bytes(&vec![byte; len]).unwrap();
    let (expected, longer) = (digest(1, 32), digest(1, 64));
    assert_eq!(check_seal(expected, Measured::Sealed(expected)), Ok(()));
    for found in [digest(2, 32), longer] {
        let wrong = MountErrorKind::WrongDigest(Box::new(Mismatch { expected, found }));
        assert_eq!(check_seal(expected, Measured::Sealed(found)), Err(wrong.clone()));
        assert!(wrong.to_string().contains(&format!("expected {expected}, found {found}")));
    }
    let wrong = MountErrorKind::NotSealed { expected };
    assert_eq!(check_seal(expected, Measured::Unsealed), Err(wrong));
    assert_eq!(check_seal(expected, Measured::Odd), Err(MountErrorKind::OddSeal { expected }));
    let errno = Errno::OPNOTSUPP;
    let wrong = MountErrorKind::NoVerity { expected, errno };
    assert_eq!(check_seal(expected, Measured::Impossible(errno)), Err(wrong));
}

#[test]
fn a_directory_that_is_replaced_meanwhile_is_not_used() {
    as_root(|world| {
        for (way, kernel) in ways() {
            let swap = |step| {
                if step == Step::FindLayers {
                    std::fs::rename(world.path("objects"), world.path("old")).unwrap();
                    std::fs::create_dir(world.path("objects")).unwrap();
                }
                Ok(())
            };
            let expected_way = world.way(way);
            let mounted = world.prepare("", &with(&kernel, &swap));
            if expected_way == Way::Descriptors {
                // It is not looked up again.
                mounted.unwrap();
                continue;
            }
            let path = world.path("objects");
            let expected = MountErrorKind::Replaced { role: Role::Basedir, path };
            assert_eq!(*mounted.unwrap_err().kind(), expected);
            std::fs::remove_dir(world.path("objects")).unwrap();
            std::fs::rename(world.path("old"), world.path("objects")).unwrap();
        }
    });
}

#[test]
fn a_list_that_cannot_be_is_an_error_of_the_library_too() {
    let options = cfs::mount::MountOptions::default();
    let error = cfs::mount::prepare("x".as_ref(), &options, &Kernel::default()).unwrap_err();
    assert!(matches!(error.kind(), MountErrorKind::Option(_)), "{error}");
}

#[test]
fn what_is_half_built_is_seen_by_nobody_even_where_mounts_are_shared() {
    use rustix::mount::{MountPropagationFlags, mount_change};
    as_root(|world| {
        mount_change("/", MountPropagationFlags::SHARED | MountPropagationFlags::REC).unwrap();
        let before = world.all();
        let mine = format!("/proc/self/task/{}/mountinfo", rustix::thread::gettid());
        for (_, kernel) in ways() {
            let looked = Mutex::new(0);
            let look = |step| {
                // Only the image has been attached by now, and only in another namespace.
                if step == Step::OverlayMount {
                    let table = std::fs::read_to_string(&mine).unwrap();
                    assert!(before.starts_with(&table), "{table}");
                    *looked.lock().unwrap() += 1;
                }
                Ok(())
            };
            world.prepare("", &with(&kernel, &look)).unwrap();
            assert_eq!(looked.into_inner().unwrap(), 1);
            world.becomes(&before);
        }
    });
}
