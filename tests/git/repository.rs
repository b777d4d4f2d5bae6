//! A repository with nothing of the user's own configuration.

use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::process::Command;

use crate::world::{CFS, Ran, SMALL, World};

pub(crate) struct Repository {
    pub(crate) world: World,
}

impl Repository {
    /// An empty repository; `cfs` is on the path.
    pub(crate) fn new() -> Self {
        let world = World::new();
        for folder in ["bin", "home", "repo"] {
            std::fs::create_dir(world.path(folder)).unwrap();
        }
        symlink(CFS, world.path("bin/cfs")).unwrap();
        let repository = Self { world };
        repository.git("init -q -b main").exits(0);
        repository
    }

    /// One with the settings, and a commit of a dump `tree.dump` and its image `tree.cfs`.
    pub(crate) fn installed(options: &str) -> Self {
        let repository = Self::new();
        repository.run(&format!("cfs -q git install {options}")).prints("");
        repository.write("tree.dump", SMALL);
        repository.run("cfs mkimage -q tree.dump tree.cfs").exits(0);
        repository.commit("first");
        repository
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.world.path("repo").join(name)
    }

    pub(crate) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        std::fs::write(self.path(name), bytes).unwrap();
    }

    #[track_caller]
    pub(crate) fn read(&self, name: &str) -> String {
        String::from_utf8(std::fs::read(self.path(name)).unwrap()).unwrap()
    }

    /// A line for a shell, in the repository.
    pub(crate) fn shell(&self, line: &str) -> Command {
        let mut command = self.world.command("/bin/bash", "");
        let path = std::env::var("PATH").unwrap();
        let bin = self.world.path("bin");
        command.args(["-euo", "pipefail", "-c", line]).current_dir(self.world.path("repo"));
        command.env("PATH", format!("{}:{path}", bin.display()));
        command.env("HOME", self.world.path("home")).env_remove("XDG_CONFIG_HOME");
        command.env("GIT_CONFIG_GLOBAL", self.world.path("home/.gitconfig"));
        command.env("GIT_CONFIG_NOSYSTEM", "1").env("GIT_PAGER", "cat").env_remove("GIT_DIR");
        for name in ["AUTHOR", "COMMITTER"] {
            command.env(format!("GIT_{name}_NAME"), "A").env(format!("GIT_{name}_EMAIL"), "a@b");
        }
        command
    }

    pub(crate) fn run(&self, line: &str) -> Ran {
        Ran::of(self.shell(line))
    }

    pub(crate) fn git(&self, args: &str) -> Ran {
        self.run(&format!("git {args}"))
    }

    #[track_caller]
    pub(crate) fn commit(&self, words: &str) {
        self.git("add -A").exits(0);
        self.git(&format!("commit -q -m {words}")).exits(0);
    }

    /// Replaces text in the dump, and makes the image of it.
    #[track_caller]
    pub(crate) fn change(&self, from: &str, to: &str) {
        let text = self.read("tree.dump");
        assert!(text.contains(from), "{from}");
        self.write("tree.dump", text.replace(from, to));
        self.run("cfs mkimage -q tree.dump tree.cfs").exits(0);
    }
}
