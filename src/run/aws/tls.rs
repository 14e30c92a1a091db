//! The HTTP client of an account: one that checks certificates, or one that takes any, where the plan asks for that.
//!
//! It knows no call. Neighbours: `mod` makes an account's clients with it.

use std::sync::Arc;

use aws_sdk_ec2::config::SharedHttpClient;
use aws_smithy_http_client::tls as smithy;
use aws_smithy_runtime_api::client::http::{
    HttpConnector as Connects, HttpConnectorFuture, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, SignatureScheme};

/// The client; an insecure one takes every certificate.
pub(super) fn client(insecure: bool) -> SharedHttpClient {
    if let (true, Some(trusting)) = (insecure, Trusting::new()) {
        let connector = SharedHttpConnector::new(trusting);
        return http_client_fn(move |_, _| connector.clone());
    }
    aws_smithy_http_client::Builder::new()
        .tls_provider(smithy::Provider::Rustls(smithy::rustls_provider::CryptoMode::Ring))
        .build_https()
}

/// Connections to whoever answers. The timeouts of calls are those of the SDK above it.
#[derive(Clone, Debug)]
struct Trusting(Client<HttpsConnector<HttpConnector>, SdkBody>);

impl Trusting {
    fn new() -> Option<Trusting> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config =
            ClientConfig::builder_with_provider(provider.clone()).with_safe_default_protocol_versions().ok()?;
        let config = config.dangerous().with_custom_certificate_verifier(Arc::new(Any(provider)));
        let config = config.with_no_client_auth();
        let https = hyper_rustls::HttpsConnectorBuilder::new().with_tls_config(config).https_or_http().enable_http1();
        Some(Trusting(Client::builder(TokioExecutor::new()).build(https.build())))
    }
}

impl Connects for Trusting {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let client = self.0.clone();
        HttpConnectorFuture::new(async move {
            let request = request.try_into_http1x().map_err(|error| ConnectorError::user(error.into()))?;
            let answer = client.request(request).await;
            let answer = answer.map_err(|error| match error.is_connect() {
                true => ConnectorError::io(error.into()),
                false => ConnectorError::other(error.into(), None),
            })?;
            let answer = answer.map(SdkBody::from_body_1_x);
            answer.try_into().map_err(|error| ConnectorError::other(Box::new(error), None))
        })
    }
}

/// Who takes every certificate. That whoever shows one holds its key is checked all the same.
#[derive(Debug)]
struct Any(Arc<CryptoProvider>);

impl ServerCertVerifier for Any {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, cert, signed, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, cert, signed, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
