//! `cfs mounts`: the composefs mounts that there are.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::args::MountsArgs;
use super::failure::{Answer, Failure};
use super::output::Output;
use super::text::{Ending, Lines};
use crate::dump::{Place, escape_into};
use crate::mount::{Demand, Mounted, Server, mounted};
use crate::verity::Digest;

/// Lists mounts, oldest first.
pub(super) fn run(args: &MountsArgs) -> Result<Answer, Failure> {
    let failed = |error| Failure::io("read", "the table of mounts", &error);
    let mounts: Vec<(Mounted, Option<Digest>)> = mounted()
        .map_err(failed)?
        .into_iter()
        .map(|mounted| {
            let digest = mounted.digest();
            (mounted, digest)
        })
        .collect();
    if args.json {
        let document = document(&mounts);
        Output::stdout()?.write(format!("{document:#}\n").as_bytes())?;
    } else {
        print(&mounts)?;
    }
    Ok(if mounts.is_empty() { Answer::No } else { Answer::Yes })
}

fn print(mounts: &[(Mounted, Option<Digest>)]) -> Result<(), Failure> {
    let mut lines = Lines::new(Output::stdout()?, Ending::LineFeed);
    for (mounted, digest) in mounts {
        lines.name(bytes(&mounted.dir))?;
        lines.raw(b" ")?;
        match &mounted.image {
            Some(image) => lines.name(bytes(image))?,
            None => lines.raw(b"unknown")?,
        }
        let access = if mounted.read_only { "ro" } else { "rw" };
        let digest = match digest {
            Some(digest) => format!("{}:{digest}", digest.algorithm()),
            None => String::from("unknown"),
        };
        lines.raw(format!(" {access} {} {digest}", demand(mounted)).as_bytes())?;
        lines.end()?;
    }
    lines.finish()
}

/// What is demanded of objects, or who serves them.
fn demand(mounted: &Mounted) -> &'static str {
    match mounted.verity {
        Some(Demand::All) => "verity",
        Some(Demand::Told) => "verity=on",
        Some(Demand::Nothing) => "noverity",
        None => "fuse",
    }
}

fn document(mounts: &[(Mounted, Option<Digest>)]) -> Value {
    let mount = |(mounted, digest): &(Mounted, Option<Digest>)| {
        let path = |path: &Option<PathBuf>| path.as_deref().map(escaped);
        let basedirs = mounted.basedirs.as_ref();
        let verity = mounted.verity.map(|demand| match demand {
            Demand::All => "require",
            Demand::Told => "on",
            Demand::Nothing => "off",
        });
        json!({
            "dir": escaped(&mounted.dir),
            "image": path(&mounted.image),
            "server": match mounted.server {
                Server::Kernel => "kernel",
                Server::Fuse => "fuse",
            },
            "read_only": mounted.read_only,
            "verity": verity,
            "algorithm": digest.as_ref().map(|digest| digest.algorithm().name()),
            "digest": digest.as_ref().map(ToString::to_string),
            "basedirs": basedirs.map(|dirs| dirs.iter().map(|dir| escaped(dir)).collect::<Vec<_>>()),
            "upperdir": path(&mounted.upperdir),
            "workdir": path(&mounted.workdir),
        })
    };
    json!({
        "version": 1,
        "command": "mounts",
        "mounts": mounts.iter().map(mount).collect::<Vec<_>>(),
    })
}

fn bytes(path: &Path) -> &[u8] {
    path.as_os_str().as_encoded_bytes()
}

/// A path in a document: as a dump has it.
fn escaped(path: &Path) -> String {
    let mut text = Vec::new();
    escape_into(bytes(path), Place::Path, &mut text);
    String::from_utf8_lossy(&text).into_owned()
}
