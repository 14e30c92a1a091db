//! All tests of the house, in one program.

mod house;
#[path = "../peer/packer.rs"]
mod peer;
mod rust;
