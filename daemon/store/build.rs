//! Makes a new migration file rebuild the crate: `sqlx::migrate!` sees only those it knew.

fn main() {
    println!("cargo::rerun-if-changed=migrations");
}
