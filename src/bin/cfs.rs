//! The program `cfs`.

fn main() -> std::process::ExitCode {
    cfs::cli::run("cfs", std::env::args_os())
}
