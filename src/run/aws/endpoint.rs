//! Which endpoint a call goes to, where it is not AWS's usual one.
//!
//! It knows hosts, not calls. Neighbours: `mod` makes clients by it.

use std::net::IpAddr;

use super::Reach;
use crate::run::build::Access;

/// Where calls of an account go.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Endpoints {
    /// For all services and regions.
    pub all: Option<String>,
    /// For EC2 of one region.
    own: Option<(String, String)>,
}

impl Endpoints {
    /// That of the run is for all calls. The plan's is EC2's in the build's own region, and no other service nor region knows calls
    /// that are sent there; on this machine it is no AWS but stands for all of it.
    pub fn new(access: &Access, reach: &Reach) -> Endpoints {
        let own = access.endpoint.clone().filter(|_| reach.endpoint.is_none());
        match own {
            Some(endpoint) if !is_local(&endpoint) => {
                Endpoints { all: None, own: Some((access.region.clone(), endpoint)) }
            }
            local => Endpoints { all: reach.endpoint.clone().or(local), own: None },
        }
    }

    /// The endpoint of EC2 in a region; none where it is AWS's usual one.
    pub fn ec2(&self, region: &str) -> Option<&str> {
        let own = self.own.as_ref().filter(|(own, _)| own == region);
        self.all.as_deref().or(own.map(|(_, endpoint)| endpoint.as_str()))
    }

    /// Whether calls to EC2 in a region go to something that may know less than AWS.
    pub fn is_foreign(&self, region: &str) -> bool {
        self.ec2(region).is_some_and(|endpoint| !is_aws(endpoint))
    }
}

/// Whether an endpoint is on this machine.
pub fn is_local(endpoint: &str) -> bool {
    let host = host(endpoint);
    host == "localhost" || host.ends_with(".localhost") || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// Whether an endpoint is AWS's own, such as that of a VPC.
fn is_aws(endpoint: &str) -> bool {
    let host = host(endpoint);
    [".amazonaws.com", ".amazonaws.com.cn", ".api.aws"].iter().any(|end| host.ends_with(end))
}

/// The host of a URL, in small letters, without the brackets of an IPv6 address.
fn host(url: &str) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let authority = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let host = match authority.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => authority.split(':').next().unwrap_or_default(),
    };
    host.to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    const VPC: &str = "https://vpce-1.ec2.us-east-1.vpce.amazonaws.com";

    fn endpoints(plan: Option<&str>, run: Option<&str>) -> Endpoints {
        let text = |t: Option<&str>| t.map(str::to_owned);
        let access = Access { region: "us-east-1".to_owned(), endpoint: text(plan), ..Access::default() };
        Endpoints::new(&access, &Reach { endpoint: text(run), ..Reach::default() })
    }

    #[test]
    fn an_endpoint_of_the_plan_is_that_of_ec2_in_one_region() {
        let plan = endpoints(Some(VPC), None);
        assert_eq!((plan.all.as_deref(), plan.ec2("us-east-1"), plan.ec2("eu-west-1")), (None, Some(VPC), None));
        assert!(!plan.is_foreign("us-east-1") && !plan.is_foreign("eu-west-1"));
        let other = endpoints(Some("http://ec2.example:4566/"), None);
        assert!(other.is_foreign("us-east-1") && !other.is_foreign("eu-west-1") && other.all.is_none());
    }

    #[test]
    fn one_on_this_machine_or_of_the_run_is_for_all_calls() {
        for local in ["http://127.0.0.1:4566", "http://LOCALHOST", "http://[::1]:1/x", "http://ec2.localhost:1"] {
            let plan = endpoints(Some(local), None);
            assert_eq!((plan.all.as_deref(), plan.ec2("eu-west-1")), (Some(local), Some(local)));
            assert!(is_local(local) && plan.is_foreign("eu-west-1"));
        }
        let run = endpoints(Some(VPC), Some("http://10.0.0.1:1"));
        assert_eq!(
            (run.ec2("us-east-1"), run.ec2("eu-west-1")),
            (Some("http://10.0.0.1:1"), Some("http://10.0.0.1:1"))
        );
        for other in ["http://127.0.0.1.example", "http://10.0.0.1", "http://localhost@example.org", "http://[2001::1]"]
        {
            assert!(!is_local(other), "{other}");
        }
        assert_eq!(endpoints(None, None), Endpoints::default());
    }
}
