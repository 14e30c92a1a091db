//! All tests of the house, in one program.

mod house;
mod packer;
mod rust;
