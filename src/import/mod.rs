//! Templates of Packer's become programs that a person would have written.
//!
//! Floor 6. It knows the compiler, by which it proves what it writes, and the schema; it is a stranger to those who emit, inspect
//! and run plans.

pub mod draft;
mod early;
pub mod hcl;

pub use self::early::early;
