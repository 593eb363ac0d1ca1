package httpapi

import (
	"context"
	"net/http"
	"strings"
	"time"

	"huoshui/internal/data/collect"
	"huoshui/internal/org/staff"
	"huoshui/internal/platform/auth"
)

// sourceUse is what a developer needs to point an SDK at us.
type sourceUse struct {
	SegmentHost string `json:"segment_host" doc:"For Segment's server SDKs: host"`
	SegmentAPI  string `json:"segment_api_host" doc:"For Segment's browser SDK: integrations[\"Segment.io\"].apiHost, without the protocol"`
	SegmentCDN  string `json:"segment_cdn_url" doc:"For Segment's browser SDK: cdnURL"`
	SensorsURL  string `json:"sensors_server_url" doc:"For 神策 SDKs: server_url; it carries the write key"`
	WebhookURL  string `json:"webhook_url" doc:"For a webhook: where to send to, signed by Standard Webhooks; empty for other sources"`
}

// shownSource is a source, what came from it and where its SDK is to send to.
type shownSource struct {
	collect.SourceView
	Use sourceUse `json:"use" doc:"What to give the SDK"`
}

// registerSource: what may send events. What they send comes in by other ways, see collect.Edge.
func registerSource(a *API) {
	show := func(v collect.SourceView) shownSource {
		base := a.Services.BaseURL()
		use := sourceUse{SegmentHost: base, SegmentCDN: base, SegmentAPI: host(base) + "/v1", SensorsURL: base + "/sa?token=" + v.WriteKey}
		if v.Kind == collect.Hook {
			use = sourceUse{WebhookURL: base + "/hooks/" + v.ID}
		}
		return shownSource{v, use}
	}
	whole := func(ctx context.Context) bool { return auth.From(ctx).Can(staff.CollectWrite) }
	by := func(ctx context.Context) string { return auth.From(ctx).ID }
	type byID struct {
		ID string `path:"id" maxLength:"64"`
	}

	get(a, "/api/v1/sources", "list_sources", staff.CollectRead, func(ctx context.Context, _ *struct{}) (Page[shownSource], error) {
		all, err := a.Services.Sources.List(ctx, whole(ctx))
		out := make([]shownSource, len(all))
		for i, v := range all {
			out[i] = show(v)
		}
		return PageOf(out, "", int64(len(out))), err
	}, summary("What sends events, by name, with what came since the server began"))

	type draft struct{ Body collect.SourceDraft }
	post(a, "/api/v1/sources", "create_source", staff.CollectWrite, func(ctx context.Context, in *draft) (shownSource, error) {
		v, err := a.Services.Sources.Create(ctx, in.Body, by(ctx))
		return show(v), err
	}, summary("Make a source; the answer shows its key, and a webhook's secret"), status(http.StatusCreated))

	get(a, "/api/v1/sources/{id}", "get_source", staff.CollectRead, func(ctx context.Context, in *byID) (shownSource, error) {
		v, err := a.Services.Sources.Get(ctx, in.ID, whole(ctx))
		return show(v), err
	}, summary("One source; key and secret whole for those who may change it"))

	type trial struct {
		Body struct {
			Mapping collect.Mapping `json:"mapping"`
			Body    string          `json:"body" maxLength:"65536" doc:"JSON as the other system sends it"`
		}
	}
	post(a, "/api/v1/sources/try", "try_source_mapping", staff.CollectRead, func(_ context.Context, in *trial) (collect.Tried, error) {
		return collect.Try(in.Body.Mapping, in.Body.Body, time.Now())
	}, summary("What a webhook's mapping makes of a body; nothing is kept"))

	type change struct {
		ID   string `path:"id" maxLength:"64"`
		Body collect.SourceDraft
	}
	put(a, "/api/v1/sources/{id}", "update_source", staff.CollectWrite, func(ctx context.Context, in *change) (shownSource, error) {
		v, err := a.Services.Sources.Update(ctx, in.ID, in.Body, by(ctx))
		return show(v), err
	}, summary("Replace what is said of a source; its kind, key and secret stay"))

	type rotate struct {
		ID   string `path:"id" maxLength:"64"`
		Body struct {
			GraceHours int `json:"grace_hours" minimum:"0" maximum:"720" doc:"How long the old key goes on working; 0 for one that leaked"`
		}
	}
	post(a, "/api/v1/sources/{id}/key", "rotate_source_key", staff.CollectWrite, func(ctx context.Context, in *rotate) (shownSource, error) {
		v, err := a.Services.Sources.Rotate(ctx, in.ID, time.Duration(in.Body.GraceHours)*time.Hour, by(ctx))
		return show(v), err
	}, summary("Give a source a new key, and a webhook a new secret"))

	type pause struct {
		ID   string `path:"id" maxLength:"64"`
		Body struct {
			Paused bool `json:"paused"`
		}
	}
	put(a, "/api/v1/sources/{id}/paused", "pause_source", staff.CollectWrite, func(ctx context.Context, in *pause) (shownSource, error) {
		v, err := a.Services.Sources.Pause(ctx, in.ID, in.Body.Paused, by(ctx))
		return show(v), err
	}, summary("Stop keeping what a source sends, or go on; while it is paused its requests are answered with success and kept out"))
}

// host is an address without its protocol.
func host(base string) string {
	_, rest, ok := strings.Cut(base, "://")
	if !ok {
		return base
	}
	return rest
}
