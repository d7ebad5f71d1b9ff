//! The keyferry binary: all of it is in the library.

/// Gives memory back when connections end, which the system's own allocator hardly does.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    keyferry::cli::main()
}
