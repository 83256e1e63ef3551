//! Times AWS's Database Encryption SDK for Rust: one request per line in, one reply per line out.
//!
//! A request has the member `do`, with the value `measure`, and the members `table`, `item` and `repeat`; the
//! README describes them. The reply is `{"done": {"encrypt": ..., "decrypt": ...}}`: microseconds of processor
//! time per item, under a raw AES key.

use std::collections::HashMap;
use std::error::Error;
use std::io::{BufRead, Write, stdin, stdout};

use aws_db_esdk::CryptoAction;
use aws_db_esdk::item_encryptor::client::Client;
use aws_db_esdk::item_encryptor::types::dynamo_db_item_encryptor_config::DynamoDbItemEncryptorConfig;
use aws_db_esdk::material_providers::client as providers;
use aws_db_esdk::material_providers::types::material_providers_config::MaterialProvidersConfig;
use aws_db_esdk::material_providers::types::{AesWrappingAlg, DbeAlgorithmSuiteId};
use cpu_time::ProcessTime;
use serde_json::{Value, json};

mod wire;

/// Whatever went wrong; its message is printed.
pub type Failure = Box<dyn Error>;

fn main() -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    for line in stdin().lock().lines() {
        let request: Value = serde_json::from_str(&line?)?;
        let reply = runtime.block_on(measure(&request))?;
        println!("{}", json!({ "done": reply }));
        stdout().flush()?;
    }
    Ok(())
}

async fn measure(request: &Value) -> Result<Value, Failure> {
    let client = item_encryptor(&request["table"]).await?;
    let item = wire::to_item(&request["item"])?;
    let repeat: u32 = request["repeat"]
        .as_u64()
        .ok_or("repeat is missing")?
        .try_into()?;

    let encrypted = encrypt(&client, item.clone()).await?;
    let decrypted = decrypt(&client, encrypted.clone()).await?;
    if decrypted != item {
        return Err("the item did not come back".into());
    }
    let start = ProcessTime::now();
    for _ in 0..repeat {
        encrypt(&client, item.clone()).await?;
    }
    let encrypting = start.elapsed();
    let start = ProcessTime::now();
    for _ in 0..repeat {
        decrypt(&client, encrypted.clone()).await?;
    }
    let decrypting = start.elapsed();
    let each = |total: std::time::Duration| total.as_secs_f64() * 1e6 / f64::from(repeat);
    Ok(json!({ "encrypt": each(encrypting), "decrypt": each(decrypting) }))
}

type Item = HashMap<String, aws_sdk_dynamodb::types::AttributeValue>;

async fn encrypt(client: &Client, item: Item) -> Result<Item, Failure> {
    let output = client.encrypt_item().plaintext_item(item).send().await?;
    Ok(output.encrypted_item.ok_or("no item was returned")?)
}

async fn decrypt(client: &Client, item: Item) -> Result<Item, Failure> {
    let output = client.decrypt_item().encrypted_item(item).send().await?;
    Ok(output.plaintext_item.ok_or("no item was returned")?)
}

async fn item_encryptor(table: &Value) -> Result<Client, Failure> {
    let keyring = providers::Client::from_conf(MaterialProvidersConfig::builder().build()?)?
        .create_raw_aes_keyring()
        .key_namespace("bench")
        .key_name("one")
        .wrapping_key((0..32).collect::<Vec<u8>>())
        .wrapping_alg(AesWrappingAlg::AlgAes256GcmIv12Tag16)
        .send()
        .await?;
    let suite = match wire::string(&table["suite"])?.as_str() {
        "0x6700" => DbeAlgorithmSuiteId::AlgAes256GcmHkdfSha512CommitKeySymsigHmacSha384,
        "0x6701" => DbeAlgorithmSuiteId::AlgAes256GcmHkdfSha512CommitKeyEcdsaP384SymsigHmacSha384,
        other => return Err(format!("unknown algorithm suite {other}").into()),
    };
    let actions = table["actions"]
        .as_object()
        .ok_or("actions are missing")?
        .iter()
        .map(|(name, action)| Ok((name.clone(), self::action(action)?)))
        .collect::<Result<HashMap<_, _>, Failure>>()?;
    let config = DynamoDbItemEncryptorConfig::builder()
        .logical_table_name(wire::string(&table["name"])?)
        .partition_key_name(wire::string(&table["partition_key"])?)
        .sort_key_name(wire::string(&table["sort_key"])?)
        .attribute_actions_on_encrypt(actions)
        .allowed_unsigned_attribute_prefix(":")
        .algorithm_suite_id(suite)
        .keyring(keyring)
        .build()?;
    Ok(Client::from_conf(config)?)
}

fn action(name: &Value) -> Result<CryptoAction, Failure> {
    match name.as_str() {
        Some("ENCRYPT_AND_SIGN") => Ok(CryptoAction::EncryptAndSign),
        Some("SIGN_ONLY") => Ok(CryptoAction::SignOnly),
        _ => Err("unknown action".into()),
    }
}
