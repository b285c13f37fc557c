// docker-compose.yml: Apache Kafka with as many brokers as the run has, each broker and controller in one.

const IMAGE = 'apache/kafka:4.3.1';
/** Any will do; all brokers have the same. */
const CLUSTER_ID = 'AAAAAAAAQACAAAAAAAAAAA';
/** Inside the network of the containers. */
const INTERNAL_PORT = 19092;
const CONTROLLER_PORT = 19093;
/** Where broker 1 listens on this machine; the others follow, as in the tab. */
const FIRST_PORT = 9092;

/** Settings of one broker, by Kafka's names. */
export function settings(id, brokers, configs) {
  const port = FIRST_PORT + id - 1;
  const voters = Array.from({ length: brokers }, (_, at) => `${at + 1}@broker-${at + 1}:${CONTROLLER_PORT}`);
  return {
    // The records keep the timestamps of the run, whose clock is virtual.
    'log.retention.ms': '-1',
    'log.message.timestamp.after.max.ms': '9223372036854775807',
    ...configs,
    // Whatever a run asks for, these hold the cluster together.
    'node.id': String(id),
    'process.roles': 'broker,controller',
    'controller.quorum.voters': voters.join(','),
    'controller.listener.names': 'CONTROLLER',
    listeners: `PLAINTEXT://:${port},INTERNAL://:${INTERNAL_PORT},CONTROLLER://:${CONTROLLER_PORT}`,
    'advertised.listeners': `PLAINTEXT://localhost:${port},INTERNAL://broker-${id}:${INTERNAL_PORT}`,
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,INTERNAL:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'inter.broker.listener.name': 'INTERNAL',
    'offsets.topic.replication.factor': String(Math.min(3, brokers)),
    'transaction.state.log.replication.factor': String(Math.min(3, brokers)),
    'transaction.state.log.min.isr': String(Math.min(2, brokers)),
  };
}

/** A setting as the image reads it from the environment. */
function variable(name) {
  const escaped = name.replaceAll('_', '__').replaceAll('-', '___').replaceAll('.', '_');
  return `KAFKA_${escaped.toUpperCase()}`;
}

function service(id, brokers, configs) {
  const port = FIRST_PORT + id - 1;
  const lines = Object.entries(settings(id, brokers, configs)).map(
    // A dollar sign would begin a variable of Compose's.
    ([name, value]) => `      ${variable(name)}: ${JSON.stringify(value).replaceAll('$', '$$$$')}`,
  );
  return `  broker-${id}:
    image: ${IMAGE}
    hostname: broker-${id}
    ports:
      - "${port}:${port}"
    environment:
      CLUSTER_ID: "${CLUSTER_ID}"
      KAFKA_HEAP_OPTS: "-Xmx512m"
${lines.join('\n')}
`;
}

export function compose(brokers, configs) {
  const services = Array.from({ length: brokers }, (_, at) => service(at + 1, brokers, configs));
  return `services:\n${services.join('\n')}`;
}
