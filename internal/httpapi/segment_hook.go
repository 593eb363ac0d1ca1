package httpapi

import (
	"context"
	"net/http"

	"huoshui/internal/org/staff"
	"huoshui/internal/platform/auth"
	"huoshui/internal/platform/errs"
	"huoshui/internal/user/hook"
)

// newHook is a hook as it was made, with its secret, which is shown only now.
type newHook struct {
	hook.Hook
	Secret string `json:"secret" doc:"Shown only now"`
}

// registerSegmentHook: other systems that are told who enters and leaves a segment.
func registerSegmentHook(a *API) {
	type byID struct {
		ID string `path:"id" maxLength:"64"`
	}
	// Whoever lets requests into this machine's network must be allowed to do so for channels too.
	private := func(ctx context.Context, d hook.Draft) error {
		if d.AllowPrivate && !auth.From(ctx).Can(staff.ChannelsWrite) {
			return errs.New(errs.Denied, "hook.private", "only who may change channels may allow addresses inside the network").At("allow_private")
		}
		return nil
	}

	get(a, "/api/v1/segments/{id}/hooks", "list_segment_hooks", staff.SegmentsRead, func(ctx context.Context, in *byID) (Page[hook.Hook], error) {
		items, err := a.Services.Hooks.List(ctx, in.ID, auth.From(ctx).Can(staff.SegmentsHook))
		return PageOf(items, "", int64(len(items))), err
	}, summary("Webhooks that are told who enters and leaves a segment"))

	type creation struct {
		ID   string `path:"id" maxLength:"64"`
		Body hook.Draft
	}
	post(a, "/api/v1/segments/{id}/hooks", "create_segment_hook", staff.SegmentsHook, func(ctx context.Context, in *creation) (newHook, error) {
		if err := private(ctx, in.Body); err != nil {
			return newHook{}, err
		}
		h, secret, err := a.Services.Hooks.Create(ctx, in.ID, in.Body, auth.From(ctx).ID)
		return newHook{h, secret}, err
	}, summary("Tell another system, from now on, who enters and leaves a segment"), status(http.StatusCreated))

	type change struct {
		ID   string `path:"id" maxLength:"64"`
		Body struct {
			hook.Draft
			Version int64 `json:"version" doc:"The version that was read"`
		}
	}
	put(a, "/api/v1/segment-hooks/{id}", "change_segment_hook", staff.SegmentsHook, func(ctx context.Context, in *change) (hook.Hook, error) {
		if err := private(ctx, in.Body.Draft); err != nil {
			return hook.Hook{}, err
		}
		return a.Services.Hooks.Change(ctx, in.ID, in.Body.Version, in.Body.Draft)
	}, summary("Change a segment's webhook; without a secret it keeps its own"))

	type pause struct {
		ID   string `path:"id" maxLength:"64"`
		Body struct {
			Paused  bool  `json:"paused"`
			Skip    bool  `json:"skip,omitempty" doc:"Leave out what happened until now"`
			Version int64 `json:"version" doc:"The version that was read"`
		}
	}
	put(a, "/api/v1/segment-hooks/{id}/paused", "pause_segment_hook", staff.SegmentsHook, func(ctx context.Context, in *pause) (hook.Hook, error) {
		return a.Services.Hooks.Pause(ctx, in.ID, in.Body.Version, in.Body.Paused, in.Body.Skip)
	}, summary("Stop a segment's webhook, or start one that was paused or is dead; it goes on where it was"))

	del(a, "/api/v1/segment-hooks/{id}", "remove_segment_hook", staff.SegmentsHook, func(ctx context.Context, in *byID) (None, error) {
		return None{}, a.Services.Hooks.Remove(ctx, in.ID)
	}, summary("Remove a segment's webhook"))

	post(a, "/api/v1/segment-hooks/{id}/test", "test_segment_hook", staff.SegmentsHook, func(ctx context.Context, in *byID) (hook.Delivery, error) {
		return a.Services.Hooks.Try(ctx, in.ID)
	}, summary("Send a signed request that says nothing of people, once"))

	get(a, "/api/v1/segment-hooks/{id}/deliveries", "list_segment_hook_deliveries", staff.SegmentsRead, func(ctx context.Context, in *byID) (Page[hook.Delivery], error) {
		items, err := a.Services.Hooks.Deliveries(ctx, in.ID)
		return PageOf(items, "", int64(len(items))), err
	}, summary("The last requests to a segment's webhook, newest first"))
}
