package telemetry_test

import (
	"encoding/json"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"huoshui/internal/platform/telemetry"
)

func TestLogLinesNameTheirRequest(t *testing.T) {
	var out strings.Builder
	log := telemetry.NewLog(&out, "json", "warn").With("part", "x").WithGroup("g")
	ctx := telemetry.WithRequestID(t.Context(), "req_1")
	log.InfoContext(ctx, "too quiet")
	log.WarnContext(ctx, "heard", "n", 1)
	var line struct {
		Message string `json:"msg"`
		Part    string `json:"part"`
		Group   struct {
			N       int    `json:"n"`
			Request string `json:"request"`
		} `json:"g"`
	}
	if err := json.Unmarshal([]byte(out.String()), &line); err != nil {
		t.Fatalf("%q: %v", out.String(), err)
	}
	if line.Message != "heard" || line.Part != "x" || line.Group.N != 1 || line.Group.Request != "req_1" {
		t.Fatalf("%s", out.String())
	}
}

func TestMetrics(t *testing.T) {
	m, other := telemetry.NewMetrics(), telemetry.NewMetrics() // two in one process do not collide
	m.ObserveHTTP("GET", "/api/v1/customers/{id}", 200, 3*time.Millisecond)
	m.Counts("huoshui_test_total", "For this test.", []string{"channel", "step"}, func(add func(float64, ...string)) { add(7, "email", "sent") })
	m.Gauge("huoshui_test_depth", "For this test.", func() float64 { return 42 })
	read := func(m *telemetry.Metrics) string {
		w := httptest.NewRecorder()
		m.Handler().ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
		return w.Body.String()
	}
	text := read(m)
	for _, want := range []string{
		`huoshui_http_request_duration_seconds_count{method="GET",route="/api/v1/customers/{id}",status="200"} 1`,
		`huoshui_test_total{channel="email",step="sent"} 7`,
		"huoshui_test_depth 42", "go_goroutines", "huoshui_build_info",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %s", want)
		}
	}
	if strings.Contains(read(other), "huoshui_test_depth") {
		t.Error("one registry shows the other's")
	}
}
