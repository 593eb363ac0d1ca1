// Package sink is an SMTP server that takes everything and keeps nothing but message ids: where benchmarks and tests
// send to. It listens on this machine only.
package sink

import (
	"bufio"
	"bytes"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Server is a listening sink. Set the hooks before the first connection.
type Server struct {
	// Delay is how long the server takes to accept a message.
	Delay time.Duration
	// Refuse may answer a recipient with a refusal ("550 no such user"); "" accepts.
	Refuse func(recipient string) string
	// Keep may be given every accepted message: its id, recipient and bytes, which are only valid during the call.
	Keep func(id, recipient string, data []byte)
	// Plain leaves PIPELINING out of what the server offers.
	Plain bool

	listener net.Listener
	accepted atomic.Int64
	mu       sync.Mutex
	conns    map[net.Conn]bool
	closed   bool
	wg       sync.WaitGroup
}

// Listen starts a sink on a free port of the loopback address.
func Listen() (*Server, error) { return ListenOn("127.0.0.1:0") }

// ListenOn starts a sink on an address.
func ListenOn(address string) (*Server, error) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, err
	}
	s := &Server{listener: l, conns: map[net.Conn]bool{}}
	s.wg.Go(s.serve)
	return s, nil
}

// Port is where the sink listens.
func (s *Server) Port() int { return s.listener.Addr().(*net.TCPAddr).Port }

// Accepted is how many messages were taken.
func (s *Server) Accepted() int64 { return s.accepted.Load() }

// Close stops listening, breaks every connection and waits for them to end.
func (s *Server) Close() error {
	err := s.listener.Close()
	s.mu.Lock()
	s.closed = true
	for c := range s.conns {
		_ = c.Close() // a broken connection is what is wanted
	}
	s.mu.Unlock()
	s.wg.Wait()
	return err
}

func (s *Server) serve() {
	for {
		c, err := s.listener.Accept()
		if err != nil {
			return
		}
		s.mu.Lock()
		if s.closed {
			s.mu.Unlock()
			_ = c.Close()
			return
		}
		s.conns[c] = true
		s.mu.Unlock()
		s.wg.Go(func() {
			s.talk(c)
			_ = c.Close()
			s.mu.Lock()
			delete(s.conns, c)
			s.mu.Unlock()
		})
	}
}

// talk serves one connection; it answers a pipelined group of commands with one write.
func (s *Server) talk(c net.Conn) {
	r, w := bufio.NewReaderSize(c, 64<<10), bufio.NewWriterSize(c, 4<<10)
	say := func(line string) { _, _ = w.WriteString(line + "\r\n") } // Flush tells
	say("220 sink")
	var to string
	var data []byte
	for {
		if r.Buffered() == 0 {
			if w.Flush() != nil {
				return
			}
		}
		line, err := r.ReadSlice('\n')
		if err != nil {
			return
		}
		verb := strings.ToUpper(string(line[:min(4, len(line))]))
		switch verb {
		case "EHLO":
			if s.Plain {
				say("250 sink")
			} else {
				say("250-sink\r\n250-8BITMIME\r\n250 PIPELINING")
			}
		case "RCPT":
			to = string(between(line, '<', '>'))
			answer := "250 ok"
			if s.Refuse != nil {
				if no := s.Refuse(to); no != "" {
					answer, to = no, ""
				}
			}
			say(answer)
		case "DATA":
			if to == "" {
				say("503 no recipient")
				continue
			}
			say("354 go on")
			if w.Flush() != nil {
				return
			}
			id := ""
			data = data[:0]
			for {
				line, err := r.ReadSlice('\n')
				if err != nil {
					return
				}
				if len(line) == 3 && line[0] == '.' {
					break
				}
				if id == "" && len(line) > 11 && bytes.EqualFold(line[:11], []byte("message-id:")) {
					id = string(between(line, '<', '>'))
				}
				if s.Keep != nil {
					data = append(data, line...)
				}
			}
			if s.Delay > 0 {
				time.Sleep(s.Delay)
			}
			s.accepted.Add(1)
			if s.Keep != nil {
				s.Keep(id, to, data)
			}
			to = ""
			say("250 taken")
		case "QUIT":
			say("221 bye")
			_ = w.Flush()
			return
		case "RSET":
			to = ""
			say("250 ok")
		default: // HELO, MAIL, NOOP
			say("250 ok")
		}
	}
}

func between(line []byte, from, to byte) []byte {
	i := bytes.IndexByte(line, from)
	if i < 0 {
		return nil
	}
	j := bytes.IndexByte(line[i:], to)
	if j < 0 {
		return nil
	}
	return line[i+1 : i+j]
}
