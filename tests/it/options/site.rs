//! Where a build connects to something: a machine's SSH server, two bastions, two proxies, two places that tunnels lead to, and an agent.
//!
//! The machine is launched on the embedded EC2, and stands here. Neighbours: `host` and `proxy` are what notes down who comes; rows name
//! their ports by names such as `$machine`.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::pin::Pin;
use std::time::Duration;

use bakec::rehearse::Server;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;

use super::access;
use super::host::{Host, Log, Manner};
use super::keys::agent;
use super::names::Names;
use super::observed::{Way, baked_by, merged, plan, server, told};
use super::proxy::proxy;

type Seen = Pin<Box<dyn Future<Output = String> + Send>>;

struct Site {
    log: Log,
    names: Names,
    agent: PathBuf,
    _folder: tempfile::TempDir,
}

impl Site {
    async fn new(manner: Manner) -> Site {
        let folder = tempfile::tempdir().expect("a folder");
        let (log, mut names) = (Log::default(), Names::default());
        let host = |name, leads| Host { name, log: log.clone(), manner, leads };
        let machine = host("the machine", false).open().await;
        names.add("$machine", machine);
        for (name, bastion) in [("$bastion_one", "bastion one"), ("$bastion_two", "bastion two")] {
            names.add(name, host(bastion, true).open().await);
        }
        for (name, who) in [("$proxy_one", "proxy one"), ("$proxy_two", "proxy two")] {
            names.add(name, proxy(who, log.clone(), machine).await);
        }
        for name in ["$place_one", "$place_two"] {
            names.add(name, greeter(name, log.clone()).await);
        }
        let agent = agent(folder.path()).await;
        Site { log, names, agent, _folder: folder }
    }

    /// Builds, by SSH unless the options say otherwise: how it ended.
    async fn bake(&self, options: Value) -> String {
        let server = server().await;
        let environment = BTreeMap::from([("SSH_AUTH_SOCK".to_owned(), self.agent.display().to_string())]);
        let outcome = baked_by(&server, &self.built(options), Way { environment, straight: true }).await;
        self.names.told(&told(&outcome))
    }

    fn built(&self, options: Value) -> Value {
        let script =
            json!({ "type": "shell", "inline": ["true"], "execute_command": "run {{.Path}}", "skip_clean": true });
        let base = json!({
            "communicator": "ssh", "ssh_host": "127.0.0.1", "ssh_port": "$machine", "ssh_username": "ali", "ssh_timeout": "20s",
            "skip_create_ami": true, "provisioners": [script], "temporary_security_group_source_cidrs": ["127.0.0.0/8"],
        });
        self.names.fill(merged(base, options))
    }

    /// What was seen; which algorithms are offered is seen each time, and asked for alone.
    fn seen(&self, offers: bool) -> String {
        let all = self.log.all().into_iter().filter(|what| what.contains(": offered ") == offers);
        self.names.told(&all.collect::<Vec<_>>().join("; "))
    }
}

/// Somebody who tells everyone who comes who he is, and nothing else: no SSH server.
async fn greeter(name: &'static str, log: Log) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("its number").port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            log.see(name, "somebody came");
            // Who does not listen has gone.
            let _ = stream.write_all(name.as_bytes()).await;
        }
    });
    port
}

/// What the servers see of a build that is made.
pub(super) fn session(options: Value) -> Seen {
    Box::pin(async move {
        let site = Site::new(Manner::default()).await;
        let end = site.bake(options).await;
        assert_eq!(end, "done", "{}", site.seen(false));
        site.seen(false)
    })
}

/// Which of the machine's addresses the first proxy is asked for: by its kind, since each machine has others.
pub(super) fn address(options: Value) -> Seen {
    Box::pin(async move {
        let seen = session(options).await;
        let asked = seen.split("SOCKS to ").nth(1).and_then(|rest| rest.rsplit_once(':')?.0.split(':').next());
        let asked = asked.unwrap_or_else(|| panic!("no proxy was asked: {seen}"));
        match asked.parse::<std::net::Ipv4Addr>() {
            Ok(address) if address.is_private() => "a private address",
            Ok(_) => "a public address",
            Err(_) if asked.starts_with("ip-") => "a private name",
            Err(_) => "a public name",
        }
        .to_owned()
    })
}

/// What they see of one that fails.
pub(super) fn refusal(options: Value) -> Seen {
    Box::pin(async move {
        let site = Site::new(Manner::default()).await;
        let end = site.bake(options).await;
        assert!(end.starts_with("failed: no SSH connection"), "{end}");
        site.seen(false)
    })
}

/// The algorithms that are offered.
pub(super) fn offers(options: Value) -> Seen {
    Box::pin(async move {
        let site = Site::new(Manner::default()).await;
        assert_eq!(site.bake(options).await, "done");
        site.seen(true)
    })
}

/// What they see of a script that says nothing for a while, and how that ends.
pub(super) fn silence(options: Value) -> Seen {
    Box::pin(async move {
        let site = Site::new(Manner { silence: Duration::from_millis(1500), ..Manner::default() }).await;
        match site.bake(options).await.as_str() {
            "done" => site.seen(false),
            // It ends in the middle; whether more was seen yet is chance.
            end if end.contains("`ssh_read_write_timeout`") => "a script that is silent for too long".to_owned(),
            end => panic!("{end}"),
        }
    })
}

/// Whether a server that never says anything of use is tried more often than can be within a second.
pub(super) fn patience(options: Value) -> Seen {
    Box::pin(async move {
        let site = Site::new(Manner::default()).await;
        let end = site.bake(merged(json!({ "ssh_port": "$place_one" }), options)).await;
        assert!(end.starts_with("failed: no SSH connection") && end.contains("tried for"), "{end}");
        let tries = site.log.all().len();
        assert!(tries > 0);
        // After pauses of 250, 500 and 1000 milliseconds.
        format!("long: {}", tries >= 4)
    })
}

/// What comes of it when somebody knocks at the port of the first local tunnel.
pub(super) fn knock(mut options: Value) -> Seen {
    Box::pin(async move {
        // Somebody's own at this moment: free when it is closed.
        let port = std::net::TcpListener::bind("127.0.0.1:0")
            .and_then(|listener| listener.local_addr())
            .expect("a port")
            .port();
        let tunnel = options["ssh_local_tunnels"][0].as_str().expect("a tunnel").replace("$free", &port.to_string());
        options["ssh_local_tunnels"] = json!([tunnel]);
        let site = Site::new(Manner { knocks: Some(port), ..Manner::default() }).await;
        assert_eq!(site.bake(options).await, "done", "{}", site.seen(false));
        site.seen(false)
    })
}

/// Whether a bastion's question is put to somebody at a terminal, where there is none: one may sit before this test.
pub(super) fn question(options: Value) -> Seen {
    Box::pin(async move {
        let (site, server): (Site, Server) = (Site::new(Manner::default()).await, server().await);
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("plan.json"), plan(&site.built(options))).expect("a plan");
        let out = tokio::task::block_in_place(|| access::command(folder.path(), &server, &["run", "plan.json"], &[]));
        let said = [out.stdout, out.stderr].concat();
        let said = String::from_utf8_lossy(&said);
        assert!(!out.status.success() && said.contains("no SSH connection to the bastion"), "{said}");
        format!(
            "asked: {}; {}",
            said.contains("the server asks `the word:`, and there is no terminal"),
            site.seen(false)
        )
    })
}
