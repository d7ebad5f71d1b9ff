//! The keyferry binary: all of it is in the library, but for the allocator, which is chosen for all of the process.

/// Gives memory back some seconds after a wave of calls, from a thread of its own.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> std::process::ExitCode {
    keyferry::cli::main()
}
