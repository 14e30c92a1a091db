//! All tests of the house, in one program.

// What a whole run awaits is deep.
#![recursion_limit = "256"]

mod program;
mod run;
mod support;

#[cfg(feature = "run")]
mod baked;
#[cfg(feature = "run")]
mod baked_force;
#[cfg(feature = "run")]
mod baked_others;
mod book;
#[cfg(feature = "run")]
mod cleaning;
mod cli;
mod compare;
mod completions;
#[cfg(feature = "run")]
mod connected;
mod console;
#[cfg(feature = "run")]
mod copies;
mod corpus;
mod doc;
#[cfg(feature = "run")]
mod ec2;
mod editors;
mod emitted;
#[cfg(feature = "run")]
mod ended;
mod examples;
#[cfg(feature = "run")]
mod executor;
mod facts;
#[cfg(feature = "run")]
mod formats;
#[cfg(feature = "run")]
mod former;
mod fuzzed;
mod generated;
mod growth;
mod hcl;
#[cfg(feature = "run")]
mod honoured;
mod hostile;
mod house;
#[cfg(feature = "run")]
mod image;
mod import_shapes;
mod imported;
mod imported_hcl;
mod init;
#[cfg(feature = "run")]
mod kept;
#[cfg(all(feature = "run", unix))]
mod kill;
mod layers;
mod limits;
mod lsp;
#[cfg(feature = "run")]
mod machine;
mod manners;
mod meaning;
mod moving;
#[cfg(feature = "run")]
mod options;
mod oracle;
#[cfg(feature = "run")]
mod page;
#[path = "../peer/packer.rs"]
mod peer;
#[cfg(feature = "run")]
#[path = "../peer/ansible.rs"]
mod peer_ansible;
#[cfg(feature = "run")]
#[path = "../peer/builds.rs"]
mod peer_builds;
#[cfg(feature = "run")]
#[path = "../peer/door.rs"]
mod peer_door;
#[cfg(feature = "run")]
#[path = "../peer/ec2.rs"]
mod peer_ec2;
#[path = "../peer/editors.rs"]
mod peer_editors;
#[path = "../peer/imports.rs"]
mod peer_imports;
#[cfg(feature = "run")]
#[path = "../peer/killed.rs"]
mod peer_killed;
#[cfg(feature = "run")]
#[path = "../peer/links.rs"]
mod peer_links;
#[path = "../peer/lsp.rs"]
mod peer_lsp;
#[cfg(feature = "run")]
#[path = "../peer/moto.rs"]
mod peer_moto;
#[cfg(feature = "run")]
#[path = "../peer/posts.rs"]
mod peer_posts;
#[cfg(feature = "run")]
#[path = "../peer/provision.rs"]
mod peer_provision;
#[cfg(feature = "run")]
#[path = "../peer/roads.rs"]
mod peer_roads;
#[cfg(feature = "run")]
#[path = "../peer/ssh.rs"]
mod peer_ssh;
#[cfg(feature = "run")]
#[path = "../peer/dropbear.rs"]
mod peer_ssh_dropbear;
#[cfg(feature = "run")]
#[path = "../peer/sshd.rs"]
mod peer_sshd;
#[path = "../peer/targets.rs"]
mod peer_targets;
#[cfg(feature = "run")]
#[path = "../peer/ways.rs"]
mod peer_ways;
#[cfg(feature = "run")]
mod permissions;
#[cfg(feature = "run")]
mod posts;
mod prelude;
mod promises;
mod properties;
#[cfg(feature = "run")]
mod run_pages;
mod rust;
mod schema;
#[cfg(feature = "run")]
mod session;
mod spec;
#[cfg(feature = "run")]
mod steps;
#[cfg(feature = "run")]
mod steps_table;
#[cfg(feature = "run")]
mod stopped;
#[cfg(feature = "run")]
mod storm;
#[cfg(feature = "run")]
mod supposed;
mod supposed_hcl;
mod templates;
#[cfg(feature = "run")]
mod undeclared;
