//! What `rehearse-server` takes.

use std::time::Duration;

use clap::{Args as Group, ValueHint};
use jiff::SignedDuration;

use crate::rehearse::{Ami, Fault};
use crate::text::duration;

#[derive(Group, Debug)]
#[command(after_help = "For example:\n  \
    bakec rehearse-server --scale 100\n  \
    bakec rehearse-server --port 4566 --fault lost@CreateImage:1 --visible-after 2s\n  \
    bakec rehearse-server --ami us-east-1/ami-12345678,name=mine,architecture=arm64\n  \
    bakec plan --iam > policy.json && bakec rehearse-server --policy policy.json\n\n\
    Faults: KIND@N, KIND@ACTION:N, KIND@P% or KIND@ACTION:P%, where KIND is one of\n  \
    throttle, unavailable, internal   refused before any effect\n  \
    cut, lost                         no answer: before the effect, after it\n  \
    capacity, launch-fails            no instance, or one that ends at once\n  \
    capacity=WHAT                     no instance of a type, a zone or TYPE/ZONE\n  \
    capacity-late                     an instance that ends at once, for there is none after all\n  \
    spot-taken                        a spot instance that AWS takes back\n  \
    image-fails, instance-gone        an image that fails, an instance that AWS takes\n  \
    name-taken                        an image's name that is not free yet\n  \
    denied, expired                   credentials that may not, or that have ended\n  \
    other-host                        a console with another machine's host key\n  \
    delay=2s                          a late answer\n  \
    ssh-reset, ssh-no-exit, ssh-exit=1  at the n-th SSH command\n  \
    Dry runs are counted by `denied`, and those of RunInstances by all.\n\n\
    Beside AWS's API:\n  \
    GET  /_bakec/inventory            everything that exists now\n  \
    GET  /_bakec/calls                every call, with its outcome\n  \
    POST /_bakec/faults               \"lost@CreateImage:1\", or {\"kind\": \"lost\", \"action\": \"CreateImage\", \"at\": 1}\n  \
    POST /_bakec/hold                 {\"when\": \"before\", \"at\": 7}: holds the 7th call from now; answers {\"hold\": 1}\n  \
    GET  /_bakec/hold/1?while=armed&wait=10   armed, held, released, or left by its client\n  \
    DELETE /_bakec/hold/1             lets it go\n  \
    POST /_bakec/suppose              {\"region\": \"us-east-1\", \"kind\": \"subnet\", \"id\": \"subnet-1\"}: has it from now on; so\n  \
    \x20                                 image, vpc, group, snapshot, key-pair (with `public`), profile; by `id` or `filters`\n  \
    POST /_bakec/reset                forgets all of it\n\n\
    Point a client at the endpoint with any keys: AWS_ENDPOINT_URL=http://127.0.0.1:4566 AWS_ACCESS_KEY_ID=x \
    AWS_SECRET_ACCESS_KEY=x; of Packer, `custom_endpoint_ec2`, and `ssh_host` and `ssh_port` for the instances, \
    `ssh_bastion_host` and `ssh_bastion_port` for the bastion.")]
pub(super) struct RehearseServer {
    /// The port of the API on the loopback address; 0 takes a free one.
    #[arg(long, default_value_t = 0)]
    pub(super) port: u16,
    /// The port on which all instances answer SSH; 0 takes a free one.
    #[arg(long, default_value_t = 0)]
    pub(super) ssh_port: u16,
    /// The port of a bastion, which lets everyone in and leads to the instances only; 0 takes a free one.
    #[arg(long, default_value_t = 0)]
    pub(super) bastion_port: u16,
    /// Run the server's clock so many times as fast as the real one.
    #[arg(long, value_name = "FACTOR", default_value_t = 1.0, value_parser = scale)]
    pub(super) scale: f64,
    /// Set the server's clock so far ahead of this machine's, or behind it with a minus: `-26h`.
    #[arg(long, value_name = "SPAN", default_value = "0s", value_parser = ahead, allow_hyphen_values = true)]
    pub(super) clock_ahead: SignedDuration,
    /// What ids and chance come from; without it, they differ each time.
    #[arg(long, value_name = "NUMBER")]
    pub(super) seed: Option<u64>,
    /// Let something go wrong; may be repeated.
    #[arg(long, value_name = "FAULT")]
    pub(super) fault: Vec<Fault>,
    /// Let look-ups see new things and tags only so long after, by the server's clock.
    #[arg(long, value_name = "SPAN", default_value = "0s", value_parser = duration::parse)]
    pub(super) visible_after: Duration,
    /// Add a public AMI to the built-in ones; may be repeated.
    #[arg(long, value_name = "REGION/ID[,KEY=VALUE…]")]
    pub(super) ami: Vec<Ami>,
    /// Allow so many virtual processors of running instances in a region.
    #[arg(long, value_name = "COUNT", default_value_t = 1152)]
    pub(super) vcpus: u32,
    /// Allow only what this policy of IAM's allows; may be repeated. KEY= says by which access key; without it, all others.
    #[arg(long, value_name = "[KEY=]FILE", value_hint = ValueHint::FilePath)]
    pub(super) policy: Vec<String>,
    /// Answer calls however fast they come.
    #[arg(long)]
    pub(super) no_throttle: bool,
}

/// A span that may be negative.
fn ahead(text: &str) -> Result<SignedDuration, String> {
    text.parse().map_err(|_| "a span is written `26h`, `-5m` or `1h30m`".to_string())
}

/// How many times as fast as the real one a clock runs.
pub(super) fn scale(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(scale) if (0.001..=1e6).contains(&scale) => Ok(scale),
        _ => Err("a factor is a number between 0.001 and 1000000".to_string()),
    }
}
