//! What a cluster answers that has no authorizer, no authentication and no quotas.

mod driver;

use driver::Driver;
use kafka_protocol::messages::alter_client_quotas_request as alter_quotas;
use kafka_protocol::messages::alter_user_scram_credentials_request::{
    ScramCredentialDeletion, ScramCredentialUpsertion,
};
use kafka_protocol::messages::create_acls_request::AclCreation;
use kafka_protocol::messages::delete_acls_request::DeleteAclsFilter;
use kafka_protocol::messages::describe_client_quotas_request::ComponentData;
use kafka_protocol::messages::describe_user_scram_credentials_request::UserName;
use kafka_protocol::messages::*;
use kafka_protocol::protocol::StrBytes;

fn text(value: &str) -> StrBytes {
    StrBytes::from_string(value.to_owned())
}

#[test]
fn without_an_authorizer_there_are_no_acls() {
    let mut driver = Driver::new(1, &[]);
    let client = driver.connect(1);
    let described = driver.call(client, 3, &DescribeAclsRequest::default());
    assert_eq!(described.error_code, 54);
    let said = described.error_message.expect("a message");
    assert_eq!(said.as_str(), "No Authorizer is configured.");
    let creations = vec![AclCreation::default(); 2];
    let request = CreateAclsRequest::default().with_creations(creations);
    let created = driver.call(client, 3, &request);
    let codes: Vec<i16> = created.results.iter().map(|r| r.error_code).collect();
    assert_eq!(codes, [54, 54], "one for each");
    let filters = vec![DeleteAclsFilter::default(); 3];
    let request = DeleteAclsRequest::default().with_filters(filters);
    let deleted = driver.call(client, 3, &request);
    let codes: Vec<i16> = deleted
        .filter_results
        .iter()
        .map(|r| r.error_code)
        .collect();
    assert_eq!(codes, [54, 54, 54], "one for each");
}

#[test]
fn nobody_authenticates() {
    let mut driver = Driver::new(1, &[]);
    let client = driver.connect(1);
    let request = SaslHandshakeRequest::default().with_mechanism(text("PLAIN"));
    let handshake = driver.call(client, 1, &request);
    assert_eq!((handshake.error_code, handshake.mechanisms.len()), (34, 0));
    let authenticated = driver.call(client, 2, &SaslAuthenticateRequest::default());
    assert_eq!(authenticated.error_code, 34);
    let created = driver.call(client, 3, &CreateDelegationTokenRequest::default());
    assert_eq!((created.error_code, created.max_timestamp_ms), (64, -1));
    assert_eq!(&*created.principal_name, "ANONYMOUS");
    let renewed = driver.call(client, 2, &RenewDelegationTokenRequest::default());
    assert_eq!((renewed.error_code, renewed.expiry_timestamp_ms), (64, -1));
    let expired = driver.call(client, 2, &ExpireDelegationTokenRequest::default());
    assert_eq!((expired.error_code, expired.expiry_timestamp_ms), (64, -1));
    let described = driver.call(client, 3, &DescribeDelegationTokenRequest::default());
    assert_eq!((described.error_code, described.tokens.len()), (64, 0));
}

#[test]
fn nobody_has_scram_credentials() {
    let mut driver = Driver::new(1, &[]);
    let client = driver.connect(1);
    let mut describe = |names: Option<&[&str]>| {
        let user = |name: &&str| UserName::default().with_name(text(name));
        let users = names.map(|names| names.iter().map(user).collect());
        let request = DescribeUserScramCredentialsRequest::default().with_users(users);
        let response = driver.call(client, 0, &request);
        assert_eq!(response.error_code, 0);
        let results = response.results.iter();
        results
            .map(|result| (result.user.to_string(), result.error_code))
            .collect::<Vec<_>>()
    };
    assert_eq!(describe(None), []);
    assert_eq!(describe(Some(&[])), []);
    assert_eq!(
        describe(Some(&["b", "a", "b"])),
        [("b".to_owned(), 92), ("a".to_owned(), 91)]
    );
    let deletion = |name| ScramCredentialDeletion::default().with_name(text(name));
    let upsertion = |name| ScramCredentialUpsertion::default().with_name(text(name));
    let request = AlterUserScramCredentialsRequest::default()
        .with_deletions(vec![deletion("gone"), deletion("both")])
        .with_upsertions(vec![upsertion("both"), upsertion("new")]);
    let altered = driver.call(client, 0, &request);
    let results: Vec<(&str, i16)> = altered
        .results
        .iter()
        .map(|result| (result.user.as_str(), result.error_code))
        .collect();
    assert_eq!(results, [("both", 92), ("gone", 91), ("new", 33)]);
}

fn component(entity: &str, kind: i8, name: Option<&str>) -> ComponentData {
    ComponentData::default()
        .with_entity_type(text(entity))
        .with_match_type(kind)
        .with_match(name.map(text))
}

#[test]
fn no_quota_matches_a_filter() {
    let mut driver = Driver::new(1, &[]);
    let client = driver.connect(1);
    let user = component("user", 0, Some("a"));
    let cases = [
        (vec![], 0),
        (vec![user.clone()], 0),
        (vec![user.clone(), component("client-id", 2, None)], 0),
        (vec![component("ip", 1, None)], 0),
        (vec![user.clone(), component("user", 2, None)], 42),
        (vec![user, component("ip", 2, None)], 42),
        (vec![component("user", 0, None)], 42),
        (vec![component("user", 1, Some("a"))], 42),
        (vec![component("user", 9, None)], 42),
        (vec![component("", 2, None)], 42),
        (vec![component("planet", 2, None)], 35),
    ];
    for (components, error) in cases {
        let request = DescribeClientQuotasRequest::default().with_components(components.clone());
        let response = driver.call(client, 1, &request);
        assert_eq!(response.error_code, error, "{components:?}");
        let entries = (error == 0).then(Vec::new);
        assert_eq!(response.entries, entries, "{components:?}");
    }
}

#[test]
fn no_quota_can_be_set() {
    let mut driver = Driver::new(1, &[]);
    let client = driver.connect(1);
    let set = alter_quotas::OpData::default()
        .with_key(text("producer_byte_rate"))
        .with_value(1.0);
    let remove = set.clone().with_remove(true);
    let cases = [
        (&["user"][..], vec![set.clone()], 35),
        (&["user", "client-id"], vec![remove.clone()], 0),
        (&["user"], vec![remove, set.clone()], 35),
        (&["ip", "user"], vec![set.clone()], 42),
        (&["user", "user"], vec![set.clone()], 42),
        (&[], vec![set], 42),
    ];
    let entry = |types: &[&str], ops: &[alter_quotas::OpData]| {
        let part = |kind: &&str| alter_quotas::EntityData::default().with_entity_type(text(kind));
        alter_quotas::EntryData::default()
            .with_entity(types.iter().map(part).collect())
            .with_ops(ops.to_vec())
    };
    let entries = cases.iter().map(|(types, ops, _)| entry(types, ops));
    let request = AlterClientQuotasRequest::default().with_entries(entries.collect());
    let response = driver.call(client, 1, &request);
    for ((types, ops, error), answer) in cases.iter().zip(&response.entries) {
        assert_eq!(answer.error_code, *error, "{types:?} {ops:?}");
        assert_eq!(answer.entity.len(), types.len());
    }
    assert_eq!(response.entries.len(), cases.len());
}
