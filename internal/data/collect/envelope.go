package collect

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"time"
)

// An entry of the log holds the envelopes of many requests:
//
//	"HE" · version (1 byte) · CRC-32C of what follows (4 bytes, big endian) · number of envelopes (uvarint) · envelopes
//
// and an envelope is the time in nanoseconds (varint) followed by protocol, source, path, query, IP, user agent and body,
// each as its length (uvarint) and its bytes.
const (
	entryHead    = "HE\x01"
	entryHeadLen = len(entryHead) + 4
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// ErrEntry says that an entry of the log is damaged, or written by a newer version.
var ErrEntry = errors.New("entry of events is damaged")

// appendEntry adds the framing of envelopes to b, which is empty.
func appendEntry(b []byte, envelopes []*Envelope) []byte {
	b = append(b, entryHead...)
	b = append(b, 0, 0, 0, 0)
	b = binary.AppendUvarint(b, uint64(len(envelopes)))
	for _, e := range envelopes {
		b = binary.AppendVarint(b, e.ReceivedAt.UnixNano())
		for _, s := range []string{string(e.Protocol), e.Source, e.Path, e.Query, e.IP, e.UserAgent} {
			b = binary.AppendUvarint(b, uint64(len(s)))
			b = append(b, s...)
		}
		b = binary.AppendUvarint(b, uint64(len(e.Body)))
		b = append(b, e.Body...)
	}
	binary.BigEndian.PutUint32(b[len(entryHead):], crc32.Checksum(b[entryHeadLen:], castagnoli))
	return b
}

// Open returns the envelopes of an entry of the log, or ErrEntry. Their bodies are parts of the entry, which must not be
// changed while they are used.
func Open(entry []byte) ([]Envelope, error) {
	if len(entry) < entryHeadLen || string(entry[:len(entryHead)]) != entryHead {
		return nil, fmt.Errorf("%w: not framed by this version", ErrEntry)
	}
	r := reader{rest: entry[entryHeadLen:]}
	if crc32.Checksum(r.rest, castagnoli) != binary.BigEndian.Uint32(entry[len(entryHead):]) {
		return nil, fmt.Errorf("%w: checksum", ErrEntry)
	}
	n := r.uvarint()
	if n > uint64(len(r.rest)) {
		return nil, fmt.Errorf("%w: %d envelopes", ErrEntry, n)
	}
	out := make([]Envelope, 0, n)
	for range n {
		nanos := r.varint()
		out = append(out, Envelope{
			ReceivedAt: time.Unix(0, nanos).UTC(), Protocol: Protocol(r.bytes()), Source: string(r.bytes()), Path: string(r.bytes()),
			Query: string(r.bytes()), IP: string(r.bytes()), UserAgent: string(r.bytes()), Body: r.bytes(),
		})
	}
	if r.broken || len(r.rest) != 0 {
		return nil, fmt.Errorf("%w: length", ErrEntry)
	}
	return out, nil
}

// reader takes values off the front of a frame and remembers when one was cut off.
type reader struct {
	rest   []byte
	broken bool
}

func (r *reader) uvarint() uint64 {
	v, n := binary.Uvarint(r.rest)
	if n <= 0 {
		r.broken, r.rest = true, nil
		return 0
	}
	r.rest = r.rest[n:]
	return v
}

func (r *reader) varint() int64 {
	v, n := binary.Varint(r.rest)
	if n <= 0 {
		r.broken, r.rest = true, nil
		return 0
	}
	r.rest = r.rest[n:]
	return v
}

func (r *reader) bytes() []byte {
	n := r.uvarint()
	if n > uint64(len(r.rest)) {
		r.broken, r.rest = true, nil
		return nil
	}
	b := r.rest[:n:n]
	r.rest = r.rest[n:]
	return b
}
