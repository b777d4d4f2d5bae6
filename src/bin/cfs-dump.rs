//! The program `cfs-dump`.

fn main() -> std::process::ExitCode {
    cfs::cli::run("cfs-dump", std::env::args_os())
}
