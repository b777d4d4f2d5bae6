//! Everything that needs no root, as nobody, in an empty environment, on a read-only root.

use crate::support::{copy_program, installed, skipped};
use crate::world::{CFS, SMALL, World};

/// What is run, each line a command; all must end with 0.
const COMMANDS: &str = "\
mkimage -q --from-dump tree.txt image.cfs
mkimage -q --digest-store objects given given.cfs
mkimage -q --print-digest-only image.cfs
dump -q -o dump.txt image.cfs
dump -q given
ls -lR image.cfs
cat image.cfs /etc/hosts
objects given.cfs
verity digest image.cfs
verity measure image.cfs
verity image image.cfs
store add -q objects tree.txt
store verify -q objects --image given.cfs
store missing objects given.cfs
store stats objects --image given.cfs
store gc -q objects --keep given.cfs
extract -q --basedir objects given.cfs made
diff image.cfs dump.txt
man man
completions bash
";

#[test]
fn nobody_can_do_all_that_needs_no_root() {
    if !rustix::process::geteuid().is_root() {
        return skipped("only root can become nobody and make the root read-only");
    }
    if installed("unshare").is_none() || installed("setpriv").is_none() {
        return;
    }
    let world = World::with(&[("tree.txt", SMALL)]);
    copy_program(CFS.as_ref(), &world.path("cfs"));
    let script = r#"
        mkdir work; mount -t tmpfs -o mode=777 work work
        cp cfs tree.txt work; cd work; mkdir given; seq 100 > given/file; : > given/empty
        chown -R 65534:65534 .
        mount -o remount,bind,ro /
        if touch /etc/new 2> /dev/null; then echo 'the root can be written to'; exit 1; fi
        nobody="env -i setpriv --reuid=65534 --regid=65534 --clear-groups"
        while read -r command; do
          $nobody ./cfs $command > out 2> err || { echo "$command: $?"; cat err; }
        done"#;
    let mut command = world.command("unshare", "-m");
    command.args(["sh", "-ec", script]);
    command.stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::piped());
    let mut child = command.spawn().unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), COMMANDS.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), "");
    assert!(output.status.success());
}
