// Round trips: the smallest request of Kafka's protocol and its answer, one after the other, on one connection.
const { connect } = require('net')

const TRIPS = 6000
const WARM = 500
// ApiVersions v0, correlation id 1, no client id: a frame of 10 bytes behind its length.
const REQUEST = Buffer.from([0, 0, 0, 10, 0, 18, 0, 0, 0, 0, 0, 1, 255, 255])

const [host, port] = 'localhost:9092'.split(':')
const socket = connect(Number(port), host)
let left = WARM + TRIPS
let pending = Buffer.alloc(0)

socket.on('connect', () => socket.write(REQUEST))
socket.on('data', (data) => {
  pending = Buffer.concat([pending, data])
  if (pending.length < 4 || pending.length < 4 + pending.readInt32BE(0)) return
  pending = Buffer.alloc(0)
  left -= 1
  if (left === TRIPS) console.log('begin')
  if (left > 0) return socket.write(REQUEST)
  console.log('end')
  socket.end()
})
