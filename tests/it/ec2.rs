//! The embedded EC2 in a process of its own, which survives those who call it; and what is asked of it beside AWS's API.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::peer_moto::Process;

pub(crate) struct Ec2 {
    pub(crate) process: Process,
    /// Where AWS's API answers.
    pub(crate) endpoint: String,
    /// Where the machines answer.
    pub(crate) ssh: SocketAddr,
    /// Where a bastion before them answers.
    pub(crate) bastion: SocketAddr,
}

impl Ec2 {
    pub(crate) fn start(arguments: &[&str]) -> Ec2 {
        let mut command = Command::new(env!("CARGO_BIN_EXE_bakec"));
        command.arg("rehearse-server").args(arguments).stdin(Stdio::null()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("the server starts");
        let mut line = String::new();
        let out = child.stdout.take().expect("its output is a pipe");
        BufReader::new(out).read_line(&mut line).expect("it says where it is");
        let said: Value = serde_json::from_str(&line).expect("a line of JSON");
        Ec2 {
            process: Process(child),
            endpoint: said["endpoint"].as_str().expect("an endpoint").to_owned(),
            ssh: said["ssh"].as_str().and_then(|at| at.parse().ok()).expect("an address"),
            bastion: said["bastion"].as_str().and_then(|at| at.parse().ok()).expect("an address"),
        }
    }

    /// Asks what is outside AWS's API.
    pub(crate) fn ask(&self, method: &str, path: &str, body: &Value) -> Value {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let text = self.send(&format!("{method} /_bakec/{path}"), "", &body);
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{path}: {error} in {text}"))
    }

    /// Sends a request with headers, each with its line end; the body of the answer.
    pub(crate) fn send(&self, request: &str, headers: &str, body: &str) -> String {
        let address = self.endpoint.trim_start_matches("http://");
        let mut stream = TcpStream::connect(address).expect("the server is there");
        let length = body.len();
        let head = format!("{request} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n{headers}");
        write!(stream, "{head}Content-Length: {length}\r\n\r\n{body}").expect("the request is sent");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        answer.split_once("\r\n\r\n").expect("an answer with a body").1.to_owned()
    }

    /// What exists of a kind.
    pub(crate) fn all(&self, kind: &str) -> Vec<Value> {
        self.ask("GET", "inventory", &Value::Null)[kind].as_array().cloned().unwrap_or_default()
    }
}
