package httpapi

import (
	"compress/gzip"
	"net/http"
	"strings"
	"sync"
)

// compressible begins the content types worth compressing.
var compressible = []string{"application/json", "application/problem+json", "text/html", "text/css", "text/csv", "text/plain", "text/javascript", "application/javascript", "image/svg+xml"}

var gzips = sync.Pool{New: func() any { return gzip.NewWriter(nil) }}

// compressed gzips answers of more than a kilobyte for clients that take it, except streams of events and what is
// compressed already.
func compressed(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") || r.Header.Get("Range") != "" {
			next.ServeHTTP(w, r)
			return
		}
		c := &compressor{ResponseWriter: w, head: r.Method == http.MethodHead}
		defer c.close()
		next.ServeHTTP(c, r)
	})
}

// compressor holds the first kilobyte back until it knows whether to compress.
type compressor struct {
	http.ResponseWriter
	head    bool
	status  int
	buffer  []byte
	zip     *gzip.Writer
	decided bool
}

const compressFrom = 1024

func (c *compressor) WriteHeader(code int) {
	if code < 200 {
		c.ResponseWriter.WriteHeader(code)
		return
	}
	if c.status == 0 {
		c.status = code
	}
}

func (c *compressor) Write(b []byte) (int, error) {
	if c.status == 0 {
		c.status = http.StatusOK
	}
	if !c.decided {
		c.buffer = append(c.buffer, b...)
		if len(c.buffer) < compressFrom {
			return len(b), nil
		}
		return len(b), c.decide()
	}
	if c.zip != nil {
		return c.zip.Write(b)
	}
	return c.ResponseWriter.Write(b)
}

// decide sends the header and what was held back.
func (c *compressor) decide() error {
	c.decided = true
	h := c.ResponseWriter.Header()
	if len(c.buffer) >= compressFrom && !c.head && c.status != http.StatusNoContent && c.status != http.StatusNotModified &&
		h.Get("Content-Encoding") == "" && h.Get("Content-Range") == "" && worthCompressing(h.Get("Content-Type")) {
		h.Set("Content-Encoding", "gzip")
		h.Add("Vary", "Accept-Encoding")
		h.Del("Content-Length")
		if etag := h.Get("ETag"); strings.HasPrefix(etag, `"`) {
			h.Set("ETag", "W/"+etag)
		}
		c.zip = gzips.Get().(*gzip.Writer)
		c.zip.Reset(c.ResponseWriter)
	}
	if c.status != 0 {
		c.ResponseWriter.WriteHeader(c.status)
	}
	buffer := c.buffer
	c.buffer = nil
	if len(buffer) == 0 {
		return nil
	}
	var err error
	if c.zip != nil {
		_, err = c.zip.Write(buffer)
	} else {
		_, err = c.ResponseWriter.Write(buffer)
	}
	return err
}

func worthCompressing(contentType string) bool {
	for _, prefix := range compressible {
		if strings.HasPrefix(contentType, prefix) {
			return true
		}
	}
	return false
}

// FlushError sends everything written so far: a stream of events.
func (c *compressor) FlushError() error {
	if !c.decided {
		if err := c.decide(); err != nil {
			return err
		}
	}
	if c.zip != nil {
		if err := c.zip.Flush(); err != nil {
			return err
		}
	}
	return http.NewResponseController(c.ResponseWriter).Flush()
}

// Flush is FlushError for those who do not ask.
func (c *compressor) Flush() { _ = c.FlushError() }

// Unwrap lets http.ResponseController reach the connection.
func (c *compressor) Unwrap() http.ResponseWriter { return c.ResponseWriter }

func (c *compressor) close() {
	if p := recover(); p != nil {
		panic(p) // what was held back is not the answer
	}
	if !c.decided && (c.status != 0 || len(c.buffer) > 0) {
		_ = c.decide() // the client has gone: nobody to tell
	}
	if c.zip != nil {
		_ = c.zip.Close()
		gzips.Put(c.zip)
	}
}
