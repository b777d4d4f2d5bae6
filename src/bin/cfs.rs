//! The program `cfs`.

#[global_allocator]
static MEMORY: cfs::cli::LargePages = cfs::cli::LargePages;

fn main() -> std::process::ExitCode {
    cfs::cli::run("cfs", std::env::args_os())
}
