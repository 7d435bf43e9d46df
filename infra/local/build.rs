//! The library of scenarios is compiled in: a file that is added to it is a change.

fn main() {
    println!("cargo::rerun-if-changed=scenarios");
    println!("cargo::rerun-if-changed=build.rs");
}
