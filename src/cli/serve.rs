//! `cfs mount --fuse`: a mount that a program serves, here or in the background.

use std::ffi::OsString;
use std::io::{self, Read, Write};
use std::num::NonZero;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::low_level::pipe;

use super::args::{FuseArgs, When};
use super::failure::{Answer, Failure, words};
use super::load::Context;
use super::mount::{Request, trouble};
use super::report::{Trouble, file_name};
use crate::fuse::{
    Ended, FuseError, FuseErrorKind, Image, ImageOptions, MountOptions, Mounted, Verify,
};
use crate::mount::{MountErrorKind, ObjectVerity};
use crate::store::Basedirs;

/// Tells a program that it is the one in the background. It says on its standard output when the mount
/// is there.
const BACKGROUND: &str = "CFS_MOUNT_BACKGROUND";

/// Mounts through FUSE if that is what the arguments ask for.
pub(super) fn try_run(
    context: &Context,
    request: &Request<'_>,
    args: FuseArgs,
) -> Option<Result<Answer, Failure>> {
    let background = std::env::var_os(BACKGROUND).is_some();
    match args.when {
        When::Never if args.foreground || args.no_verify => {
            let words = "--foreground and --no-verify are for FUSE mounts: add --fuse";
            Some(Err(Failure::Usage("mount", words.into())))
        }
        When::Never => None,
        When::Auto if !background => match request.mount(context) {
            Ok(()) => Some(Ok(Answer::Yes)),
            Err(error) if matches!(error.kind(), MountErrorKind::Privileges(_)) => {
                context.report.detail("no privileges for a mount by the kernel: FUSE it is");
                Some(run(context, request, args, background))
            }
            Err(error) => Some(Err(trouble(request, &error).into())),
        },
        _ => Some(run(context, request, args, background)),
    }
}

fn run(
    context: &Context,
    request: &Request<'_>,
    args: FuseArgs,
    background: bool,
) -> Result<Answer, Failure> {
    let verify = check(request, args)?;
    if background || args.foreground || request.fake {
        serve(context, request, verify, background)
    } else {
        start()
    }
}

/// Checks that the options fit, and tells which contents are to be verified.
fn check(request: &Request<'_>, args: FuseArgs) -> Result<Verify, Failure> {
    let options = &request.options;
    let usage = |words: &str| Err(Failure::Usage("mount", words.into()));
    let given = [
        ("upperdir", options.upperdir.is_some()),
        ("workdir", options.workdir.is_some()),
        ("idmap", options.idmap.is_some()),
    ];
    if let Some((name, _)) = given.iter().find(|(_, is_given)| *is_given) {
        return usage(&format!("{name} is not for FUSE mounts, which nothing can be written to"));
    }
    match (args.no_verify, options.object_verity()) {
        (true, ObjectVerity::Require) => {
            usage("--no-verify contradicts the options verity and digest")
        }
        (true, _) => Ok(Verify::Never),
        (false, ObjectVerity::Require) => Ok(Verify::Always),
        (false, ObjectVerity::Try | ObjectVerity::Off) => Ok(Verify::IfKnown),
    }
}

/// Starts this program once more, to serve in the background, and waits until the mount is there.
fn start() -> Result<Answer, Failure> {
    let failed = |error: io::Error| {
        let words = words(&error);
        Trouble::new(format!("cannot start a program in the background: {words}"))
    };
    let mut args = std::env::args_os();
    let name = args.next().unwrap_or_default();
    // The same program, even if its file is gone or another one by now.
    let mut child = Command::new("/proc/self/exe")
        .arg0(name)
        .args(args)
        .env(BACKGROUND, "1")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(failed)?;
    let mut byte = [0];
    let told = child.stdout.take().map(|mut stdout| stdout.read_exact(&mut byte));
    if matches!(told, Some(Ok(()))) {
        return Ok(Answer::Yes);
    }
    // It has said why, unless it was killed.
    match child.wait().map_err(failed)?.code() {
        Some(_) => Err(Failure::Reported),
        None => Err(Trouble::new("the program in the background was killed").into()),
    }
}

fn serve(
    context: &Context,
    request: &Request<'_>,
    verify: Verify,
    background: bool,
) -> Result<Answer, Failure> {
    let broken = |error: io::Error| Trouble::new(format!("cannot serve: {}", words(&error)));
    let image = open(request, verify)?;
    if request.fake {
        return Ok(Answer::Yes);
    }
    raise_file_limit();
    // From here on, a signal finds the mount or is waited for.
    let (mut news, tell) = UnixStream::pair().map_err(broken)?;
    for signal in [SIGHUP, SIGINT, SIGTERM] {
        pipe::register(signal, tell.try_clone().map_err(broken)?).map_err(broken)?;
    }
    if background {
        // What ends the terminal, or the job that started this, does not end the mount.
        let _ = rustix::process::setsid();
    }
    let mounted = image.mount(request.dir, &options(context, request));
    let mounted = mounted.map_err(|error| fuse_trouble(request, &error))?;
    if background {
        detach().map_err(broken)?;
    }
    wait(context, mounted, &mut news, tell)
}

fn open(request: &Request<'_>, verify: Verify) -> Result<Image, Failure> {
    let basedirs = Basedirs::open(&request.options.basedirs).map_err(|(path, errno)| {
        Failure::io("open the basedir", &file_name(&path), &errno.into())
    })?;
    let options = ImageOptions { digest: request.options.digest, verify };
    let image = Image::open(request.image, basedirs, &options);
    image.map_err(|error| fuse_trouble(request, &error).into())
}

fn options(context: &Context, request: &Request<'_>) -> MountOptions {
    let flags = &request.options.flags;
    let options = MountOptions::default();
    let threads = NonZero::new(context.threads.count());
    MountOptions {
        source: label(request.image),
        suid: flags.suid,
        dev: flags.dev,
        exec: !flags.noexec,
        symfollow: !flags.nosymfollow,
        threads: threads.map_or(options.threads, |count| count.min(options.threads)),
        ..options
    }
}

/// What tables of mounts show: the absolute path, if it fits into one.
fn label(image: &Path) -> OsString {
    /// What the kernel takes as a value.
    const ROOM: usize = 255;
    let absolute = std::path::absolute(image).unwrap_or_else(|_| image.to_owned());
    match absolute.as_os_str().as_bytes().len() {
        0..=ROOM => absolute.into_os_string(),
        _ => OsString::from("composefs"),
    }
}

/// Lets as many files be open as may be: clients have their own limits.
fn raise_file_limit() {
    let limit = getrlimit(Resource::Nofile);
    // Whoever does not get more has to do with what there is.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit });
}

/// Says that the mount is there, and lets go of all that the one who waits for that may wait for.
fn detach() -> io::Result<()> {
    io::stdout().write_all(b"1")?;
    io::stdout().flush()?;
    let nothing = std::fs::File::options().read(true).write(true).open("/dev/null")?;
    rustix::stdio::dup2_stdout(&nothing)?;
    rustix::stdio::dup2_stderr(&nothing)?;
    rustix::process::chdir("/")?;
    Ok(())
}

/// Waits until the mount has ended, and ends it when a signal comes.
fn wait(
    context: &Context,
    mounted: Mounted,
    news: &mut UnixStream,
    mut tell: UnixStream,
) -> Result<Answer, Failure> {
    const ENDED: u8 = 0;
    let broken = |error: &io::Error| Trouble::new(format!("cannot serve: {}", words(error)));
    let unmounter = mounted.unmounter();
    let server = std::thread::spawn(move || {
        let result = mounted.join();
        // The other side lives as long as the program.
        let _ = tell.write_all(&[ENDED]);
        result
    });
    loop {
        let mut byte = [ENDED];
        news.read_exact(&mut byte).map_err(|error| broken(&error))?;
        if byte == [ENDED] {
            let ended =
                server.join().unwrap_or_else(|_| Err(io::Error::other("the server failed")));
            return ended.map(|()| Answer::Yes).map_err(|error| broken(&error).into());
        }
        match unmounter.unmount() {
            // Files that are open cannot be waited for.
            Ok(Ended::Detached) => return Ok(Answer::Yes),
            Ok(Ended::Whole) => {}
            Err(error) => context.report.trouble(&Trouble::new(error.to_string())),
        }
    }
}

/// What went wrong, and what to do about it.
fn fuse_trouble(request: &Request<'_>, error: &FuseError) -> Trouble {
    let image = file_name(request.image);
    let file = file_name(error.path());
    let kind = words(&io::Error::other(error.kind().to_string()));
    let trouble = Trouble::new(format!("cannot mount {image}: {file}: {kind}")).about(&file);
    match error.kind() {
        FuseErrorKind::WrongDigest(_) => trouble.hint(
            "this is not the image that was meant: get that one, or correct the digest".to_owned(),
        ),
        FuseErrorKind::NoHelper { .. } => trouble.hint(
            "install fuse3, or mount in a user namespace (unshare -Urm), which takes no helper"
                .to_owned(),
        ),
        _ => trouble,
    }
}
