//! From where the machines will be reached, for temporary security groups that admit the caller alone.
//!
//! It is known before anything is made, or what says it instead is asked for by name. Neighbours: `preflight` asks, `line` opens the
//! groups.

use crate::diagnostic::code;
use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use super::aws::Reach;
use super::aws::endpoint::is_local;
use super::build::{Build, Ebs, Ssh};
use super::problem::{Origin, Problem};
use super::step::network::Place;

/// What the help says where only the user knows.
pub const WRITE: &str = "write `temporary_security_group_source_cidrs = [\"…\"]`, the networks from which you connect, or name a group of \
                         your own by `security_group_id`";

/// The networks that builds' groups admit, by the builds' names, where the plan does not name them. `ask` says the caller's public
/// address, where it can be known.
pub async fn addresses(
    builds: &[(&Build, &Ebs)],
    places: &BTreeMap<String, Place>,
    reach: &Reach,
    ask: impl Future<Output = Option<Ipv4Addr>>,
) -> (BTreeMap<String, String>, Vec<Problem>) {
    let (mut found, mut problems): (BTreeMap<String, String>, Vec<Problem>) = Default::default();
    let mut public = Vec::new();
    for (build, ebs) in builds {
        let Some(ssh) = ebs.ssh.as_ref().filter(|_| is_open(ebs)) else { continue };
        let place = places.get(&*build.name);
        if let Some((option, how)) = elsewhere(ebs, ssh) {
            let message = format!("by `{option}` a machine is reached {how}, and from where is not known");
            add(&mut problems, Problem::refused(code::RUN_GROUP, message).help(WRITE).at(origin(build, ebs, option)));
        } else if let Some(subnet) = closed(ebs, ssh, place) {
            let message = format!(
                "the subnet `{subnet}` gives its machines no public address: they are reached inside its VPC, and from where is not known"
            );
            let help = format!("write `associate_public_ip_address = true`; or {WRITE}");
            let option = if ebs.network.subnet.is_some() { "subnet_id" } else { "subnet_filter" };
            add(&mut problems, Problem::refused(code::RUN_GROUP, message).help(help).at(origin(build, ebs, option)));
        } else if reach.endpoint.as_ref().or(ebs.access.endpoint.as_ref()).is_some_and(|e| is_local(e)) {
            found.insert(build.name.to_string(), "127.0.0.1/32".to_owned());
        } else {
            public.push((build, ebs));
        }
    }
    if public.is_empty() {
        return (found, problems);
    }
    match ask.await {
        Some(address) => found.extend(public.iter().map(|(b, _)| (b.name.to_string(), format!("{address}/32")))),
        None => {
            let message = "the IPv4 address from which you reach the machines cannot be found out: checkip.amazonaws.com does not say it";
            for (build, ebs) in public {
                let option = "temporary_security_group_source_public_ip";
                add(
                    &mut problems,
                    Problem::refused(code::RUN_GROUP, message).help(WRITE).at(origin(build, ebs, option)),
                );
            }
        }
    }
    (found, problems)
}

/// Whether a group is made for the build, and the plan does not say whom it admits.
pub fn is_open(ebs: &Ebs) -> bool {
    ebs.ssh.is_some() && !ebs.network.has_groups() && ebs.network.cidrs.is_empty()
}

/// The subnet that gives no public address, where nothing else does and one is needed.
fn closed<'p>(ebs: &Ebs, ssh: &Ssh, place: Option<&'p Place>) -> Option<&'p str> {
    let place =
        place.filter(|_| ssh.host.is_none() && ssh.interface.is_none() && ebs.network.public_address.is_none())?;
    place.subnet.as_deref().filter(|_| place.gives_public == Some(false))
}

/// The option by which a machine is not reached from the caller's own IPv4 address, and how it is reached.
fn elsewhere(ebs: &Ebs, ssh: &Ssh) -> Option<(&'static str, &'static str)> {
    match (&ssh.host, ssh.interface.as_deref()) {
        _ if !ssh.bastions.is_empty() => Some(("ssh_bastion_host", "through a bastion")),
        _ if ssh.proxy.is_some() => Some(("ssh_proxy_host", "through a proxy")),
        // A host of one's own choice.
        (Some(_), _) => None,
        (None, Some("private_ip" | "private_dns")) => Some(("ssh_interface", "inside its VPC")),
        (None, Some("ipv6")) => Some(("ssh_interface", "by IPv6")),
        (None, None) if ebs.network.public_address == Some(false) => {
            Some(("associate_public_ip_address", "inside its VPC"))
        }
        (None, _) => None,
    }
}

fn origin(build: &Build, ebs: &Ebs, option: &str) -> Option<Origin> {
    let own = ebs.origins.iter().find(|(name, _)| name == option).map(|(_, origin)| origin.clone());
    own.or_else(|| build.origin.clone())
}

/// Adds a problem that is not told yet.
fn add(problems: &mut Vec<Problem>, problem: Problem) {
    if !problems.iter().any(|told| told.message == problem.message) {
        problems.push(problem);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::build::{Builder, Network};
    use crate::run::render::Given;
    use std::sync::Arc;

    fn build(ebs: Ebs) -> Build {
        let builder = Builder::Ebs(Box::new(ebs));
        let (provisioners, cleanups, values) = (Vec::new(), Vec::new(), Given::default());
        Build { name: Arc::from("web"), origin: None, builder, provisioners, cleanups, posts: Vec::new(), values }
    }

    async fn asked(ebs: Ebs, endpoint: Option<&str>, answer: Option<Ipv4Addr>) -> Result<Option<String>, String> {
        let build = build(ebs);
        let Builder::Ebs(ebs) = &build.builder else { unreachable!() };
        let reach = Reach { endpoint: endpoint.map(str::to_owned), ..Reach::default() };
        let (found, problems) = addresses(&[(&build, ebs)], &BTreeMap::new(), &reach, async { answer }).await;
        match problems.into_iter().next() {
            Some(problem) => Err(format!("{} | {}", problem.message, problem.help.unwrap_or_default())),
            None => Ok(found.get("web").cloned()),
        }
    }

    fn ebs() -> Ebs {
        Ebs { ssh: Some(Ssh::default()), ..Ebs::default() }
    }

    const ADDRESS: Option<Ipv4Addr> = Some(Ipv4Addr::new(203, 0, 113, 7));

    #[tokio::test]
    async fn an_open_group_admits_the_caller_alone() {
        assert_eq!(asked(ebs(), None, ADDRESS).await, Ok(Some("203.0.113.7/32".to_owned())));
        let unknown = asked(ebs(), None, None).await.expect_err("nobody knows it");
        assert!(unknown.contains("cannot be found out") && unknown.ends_with(WRITE), "{unknown}");
        let written = Network { cidrs: vec!["10.0.0.0/8".to_owned()], ..Network::default() };
        assert_eq!(asked(Ebs { network: written, ..ebs() }, None, None).await, Ok(None));
        assert_eq!(asked(Ebs { ssh: None, ..ebs() }, None, None).await, Ok(None));
    }

    #[tokio::test]
    async fn on_this_machine_it_is_this_machine() {
        let here = Ok(Some("127.0.0.1/32".to_owned()));
        assert_eq!(asked(ebs(), Some("http://127.0.0.1:1"), None).await, here);
        let mut plan = ebs();
        plan.access.endpoint = Some("http://localhost:4566".to_owned());
        assert_eq!(asked(plan.clone(), None, None).await, here);
        assert!(asked(plan, Some("http://10.0.0.1"), None).await.is_err(), "the run's own endpoint goes first");
    }

    #[tokio::test]
    async fn through_others_and_by_ipv6_networks_are_asked_for_too() {
        let bastions = vec![crate::run::build::Bastion::default()];
        let proxy = Some(crate::run::build::Proxy::default());
        for (ssh, option) in [
            (Ssh { bastions, ..Ssh::default() }, "by `ssh_bastion_host` a machine is reached through a bastion"),
            (Ssh { proxy, ..Ssh::default() }, "by `ssh_proxy_host` a machine is reached through a proxy"),
            (
                Ssh { interface: Some("ipv6".to_owned()), ..Ssh::default() },
                "by `ssh_interface` a machine is reached by IPv6",
            ),
        ] {
            let told = asked(Ebs { ssh: Some(ssh), ..ebs() }, None, ADDRESS).await.expect_err("it is not known");
            assert!(told.starts_with(option) && told.ends_with(WRITE), "{told}");
        }
    }

    #[tokio::test]
    async fn inside_a_vpc_networks_are_asked_for() {
        for interface in ["private_ip", "private_dns"] {
            let ssh = Ssh { interface: Some(interface.to_owned()), ..Ssh::default() };
            let told = asked(Ebs { ssh: Some(ssh), ..ebs() }, None, ADDRESS).await.expect_err("it is private");
            assert!(told.starts_with("by `ssh_interface`") && told.ends_with(WRITE), "{told}");
        }
        let network = Network { public_address: Some(false), ..Network::default() };
        let told = asked(Ebs { network, ..ebs() }, None, ADDRESS).await.expect_err("it is private");
        assert!(told.starts_with("by `associate_public_ip_address`"), "{told}");
        let own = Ssh { interface: Some("private_ip".to_owned()), host: Some("x".to_owned()), ..Ssh::default() };
        assert_eq!(asked(Ebs { ssh: Some(own), ..ebs() }, None, ADDRESS).await, Ok(Some("203.0.113.7/32".to_owned())));
    }
}
