//! The keyferry binary: all of it is in the library.

fn main() -> std::process::ExitCode {
    keyferry::cli::main()
}
