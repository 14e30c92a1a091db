//! `fact NAME(args)`: what the schema says of options beyond their types. Questions to EC2's facts, and the roles of options.
//!
//! It knows the names and what they are asked with; those who ask stand in [`eval`](crate::eval) and [`super::schema`].

macro_rules! facts {
    ($($(#[$doc:meta])* $variant:ident = $name:literal, $arity:literal;)*) => {
        /// Which fact.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        pub enum FactName { $($(#[$doc])* $variant,)* }

        impl FactName {
            /// All of them.
            pub const ALL: &[FactName] = &[$(FactName::$variant),*];

            /// The name in the schema.
            pub fn as_str(self) -> &'static str {
                match self { $(FactName::$variant => $name,)* }
            }

            /// The number of arguments.
            pub fn arity(self) -> usize {
                match self { $(FactName::$variant => $arity,)* }
            }
        }
    };
}

facts! {
    /// `boots(type, virtualization)`: the instance type boots such images.
    Boots = "boots", 2;
    /// `builds(type, architecture)`: the instance type runs what is put into an image of this architecture.
    Builds = "builds", 2;
    /// `offered(type, region)`: the region has the instance type.
    Offered = "offered", 2;
    /// `root_device(type, "ebs")`: the instance type can have such a root device.
    RootDevice = "root_device", 2;
    /// `architecture(type, name)`: the instance type has this architecture.
    Architecture = "architecture", 2;
    /// `enclave(type, wanted)`: the instance type has Nitro Enclaves where they are wanted.
    Enclave = "enclave", 2;
    /// `remote(path, option, "value")`: the path lies on the machine where the option has the value.
    Remote = "remote", 3;
    /// `later(path, option, "value")`: the path comes to be during the run where the option has the value.
    Later = "later", 3;
    /// `ami(name)`: the kind makes an AMI, and the option holds its name.
    Ami = "ami", 1;
    /// `no_ami(option, "value")`: it makes none after all where the option has the value.
    NoAmi = "no_ami", 2;
    /// `placed(region)`: the option holds the region of the build.
    Placed = "placed", 1;
    /// `copied(regions)`: the option holds the regions that the AMI is copied to.
    Copied = "copied", 1;
    /// `private_key(path)`: the file holds a private key.
    PrivateKey = "private_key", 1;
    /// `file(path)`: the path is a file.
    File = "file", 1;
    /// `folder(path)`: the path is a folder.
    Folder = "folder", 1;
    /// `emit_only()`: the kind is written for Packer, never run here.
    EmitOnly = "emit_only", 0;
    /// `holds(option, ".A or .B")`: the text holds one of these fields, where it is set.
    Holds = "holds", 2;
    /// `one_partition(region, regions)`: the regions lie in the partition of the first.
    OnePartition = "one_partition", 2;
    /// `unconnected(option, "value")`: a builder connects to no machine where the option has the value.
    Unconnected = "unconnected", 2;
    /// `connects()`: the step works on the machine of the build.
    Connects = "connects", 0;
    /// `takes("kind")`: the post-processor takes what this builder or post-processor made; stands once for each.
    Takes = "takes", 1;
    /// `takes_any(option)`: it takes the artifact of any kind where the option is set.
    TakesAny = "takes_any", 1;
    /// `passes()`: the post-processor hands on the artifact that came to it.
    Passes = "passes", 0;
}

impl FactName {
    /// The fact of a name.
    pub fn find(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|fact| fact.as_str() == name)
    }
}
