//! The program `cfs-mkimage`.

fn main() -> std::process::ExitCode {
    cfs::cli::run("cfs-mkimage", std::env::args_os())
}
