//! How the account is reached, where that is seen by more than a request's parameters: keys and sign-ins, endpoints, certificates.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::path::Path;
use std::pin::Pin;
use std::process::Output;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock};

use bakec::rehearse::Server;
use bakec::run::build::Builder;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::{Value, json};
use tokio_rustls::TlsAcceptor;

use super::observed::{SCALE, baked, plan, read, server, told};

type Seen = Pin<Box<dyn Future<Output = String> + Send>>;

/// Files of credentials.
pub(super) struct Files {
    _folder: tempfile::TempDir,
    pub(super) first: String,
    pub(super) second: String,
}

pub(super) fn files() -> &'static Files {
    static FILES: LazyLock<Files> = LazyLock::new(|| {
        let folder = tempfile::tempdir().expect("a folder");
        let keys = |profile: &str, key: &str| {
            format!("[{profile}]\naws_access_key_id = {key}\naws_secret_access_key = secret\n")
        };
        let role = "[guarded]\nrole_arn = arn:aws:iam::123456789012:role/guarded\nsource_profile = one\n\
                    mfa_serial = arn:aws:iam::123456789012:mfa/me\nrole_session_name = guard\nduration_seconds = 43200\n";
        let write = |name: &str, text: String| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).expect("a file");
            path.to_string_lossy().into_owned()
        };
        let first = [&keys("default", "AKIDDEFAULT"), &keys("one", "AKIDONE"), &keys("two", "AKIDTWO"), role].concat();
        let first = write("first", first);
        let second = write("second", keys("one", "AKIDOTHER"));
        Files { _folder: folder, first, second }
    });
    &FILES
}

/// The snapshot of the image that builds start from.
pub(super) fn snapshot() -> String {
    format!("snap-0{}", &blake3::hash(b"ami-d05e75b8/root").to_hex()[..16])
}

/// The secret half of the keys: no request shows it.
pub(super) fn secret(options: Value) -> Seen {
    Box::pin(async move {
        let builds = read(&plan(&options)).expect("a plan");
        let Builder::Ebs(ebs) = &builds[0].builder else { panic!("{builds:?}") };
        ebs.access.keys.as_ref().expect("keys").secret_key.reveal().to_owned()
    })
}

/// The code and the device that a role was taken on by.
pub(super) fn device(options: Value) -> Seen {
    Box::pin(async move {
        let server = server().await;
        let outcome = baked(&server, &options).await;
        assert_eq!(told(&outcome), "done", "{outcome:?}");
        let calls = server.calls();
        let taken = calls.iter().find(|call| call.action == "AssumeRole").expect("a role is taken on");
        let of = |name: &str| taken.parameters[name].as_str();
        assert_eq!(of("SerialNumber"), "arn:aws:iam::123456789012:mfa/me");
        assert_eq!((of("RoleSessionName"), of("DurationSeconds")), ("guard", "43200"));
        let launched = calls.iter().find(|call| call.action == "RunInstances").expect("a launch");
        assert!(launched.access_key.starts_with("ASIA") && launched.token.is_some(), "{launched:?}");
        of("TokenCode").to_owned()
    })
}

/// Which of two servers is called.
pub(super) fn endpoint(options: Value) -> Seen {
    Box::pin(async move {
        let (first, second) = (server().await, server().await);
        let wanted = if options["custom_endpoint_ec2"] == "first" { &first } else { &second };
        let outcome = baked(&first, &json!({ "custom_endpoint_ec2": wanted.endpoint })).await;
        assert_eq!(told(&outcome), "done", "{outcome:?}");
        format!("{} {}", first.calls().is_empty(), second.calls().is_empty())
    })
}

/// A server behind a certificate that nobody has signed.
async fn behind_tls(server: &Server) -> u16 {
    let pem = include_bytes!("localhost.pem");
    let certificate = CertificateDer::from_pem_slice(pem).expect("a certificate");
    let key = PrivateKeyDer::from_pem_slice(pem).expect("a key");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = config.expect("versions").with_no_client_auth().with_single_cert(vec![certificate], key);
    let acceptor = TlsAcceptor::from(Arc::new(config.expect("a certificate and its key")));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let behind = server.endpoint.trim_start_matches("http://").to_owned();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (acceptor, behind) = (acceptor.clone(), behind.clone());
            tokio::spawn(async move {
                let Ok(mut stream) = acceptor.accept(stream).await else { return };
                let Ok(mut server) = tokio::net::TcpStream::connect(behind).await else { return };
                let _ = tokio::io::copy_bidirectional(&mut stream, &mut server).await;
            });
        }
    });
    port
}

/// Whether a build goes well over a certificate that nobody has signed.
pub(super) fn certificate(mut options: Value) -> Seen {
    Box::pin(async move {
        let server = server().await;
        options["custom_endpoint_ec2"] = json!(format!("https://localhost:{}", behind_tls(&server).await));
        let outcome = baked(&server, &options).await;
        assert_eq!(told(&outcome) == "done", options["insecure_skip_tls_verify"] == true, "{outcome:?}");
        (told(&outcome) == "done").to_string()
    })
}

/// Regions with the launch templates of their fast launch.
pub(super) fn template(options: Value) -> Seen {
    Box::pin(async move {
        let server = server().await;
        let outcome = baked(&server, &options).await;
        assert_eq!(told(&outcome), "done", "{outcome:?}");
        let calls = server.calls().into_iter().filter(|call| call.action == "EnableFastLaunch");
        let named = |call: bakec::rehearse::Call| {
            call.parameters.get("LaunchTemplate.LaunchTemplateName").map(|name| (call.region.clone(), name.clone()))
        };
        format!("{:?}", calls.filter_map(named).collect::<BTreeSet<_>>())
    })
}

/// The metadata service of a machine that has a role; how often it was asked.
fn machine() -> (u16, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let asked = Arc::new(AtomicUsize::new(0));
    let count = asked.clone();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let mut reader = BufReader::new(stream.try_clone().expect("a stream"));
            let mut first = String::new();
            if reader.read_line(&mut first).is_err() {
                continue;
            }
            let mut line = String::new();
            while reader.read_line(&mut line).is_ok_and(|read| read > 2) {
                line.clear();
            }
            count.fetch_add(1, Ordering::Relaxed);
            let body = if first.starts_with("PUT ") {
                "token".to_owned()
            } else if first.contains("/security-credentials/ ") || first.contains("/security-credentials-extended/ ") {
                "role".to_owned()
            } else {
                json!({
                    "Code": "Success", "LastUpdated": "2026-01-01T00:00:00Z", "Type": "AWS-HMAC", "AccessKeyId": "ASIAMACHINE",
                    "SecretAccessKey": "machine-secret", "Token": "machine-token", "Expiration": "2126-01-01T00:00:00Z",
                    "AccountId": "123456789012",
                })
                .to_string()
            };
            let head = "HTTP/1.1 200 OK\r\nx-aws-ec2-metadata-token-ttl-seconds: 21600\r\nConnection: close\r\n";
            let _ = write!(stream, "{head}Content-Length: {}\r\n\r\n{body}", body.len());
        }
    });
    (port, asked)
}

/// `bakec` on a plan, with nothing in its environment but what is given.
pub(super) fn command(folder: &Path, server: &Server, arguments: &[&str], environment: &[(&str, &str)]) -> Output {
    let mut command = crate::run::command(folder, arguments);
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("AWS_")) {
        command.env_remove(name);
    }
    let nothing = folder.join("nothing").to_string_lossy().into_owned();
    command.env("HOME", folder).env("AWS_CONFIG_FILE", &nothing).env("AWS_SHARED_CREDENTIALS_FILE", &nothing);
    command.env("AWS_EC2_METADATA_DISABLED", "true").envs(environment.iter().copied());
    command.args(["--endpoint-url", &server.endpoint, "--events", "lines"]);
    if arguments[0] == "run" {
        command.args(["--endpoint-scale", &SCALE.to_string()]);
    }
    command.stdin(std::process::Stdio::null()).output().expect("bakec runs")
}

/// Whether a machine is asked for credentials.
pub(super) fn metadata(mut options: Value) -> Seen {
    Box::pin(async move {
        let server = server().await;
        let (port, asked) = machine();
        options["access_key"] = Value::Null;
        options["secret_key"] = Value::Null;
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("plan.json"), plan(&options)).expect("a plan");
        let at = format!("http://127.0.0.1:{port}");
        let environment = [("AWS_EC2_METADATA_SERVICE_ENDPOINT", at.as_str()), ("AWS_EC2_METADATA_DISABLED", "false")];
        let (done, said) = tokio::task::block_in_place(|| {
            let out = command(folder.path(), &server, &["run", "plan.json"], &environment);
            (out.status.success(), String::from_utf8_lossy(&out.stderr).into_owned())
        });
        let skipped = options["skip_metadata_api_check"] == true;
        assert_eq!((done, asked.load(Ordering::Relaxed) == 0), (!skipped, skipped), "{said}");
        let keys: BTreeSet<String> = server.calls().into_iter().map(|call| call.access_key).collect();
        format!("{keys:?}")
    })
}
