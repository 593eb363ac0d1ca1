package httpapi

import (
	"context"
	"net/http"

	"huoshui/internal/marketing/content"
	"huoshui/internal/org/staff"
	"huoshui/internal/platform/auth"
)

// brandInForce is the brand in force and its version.
type brandInForce struct {
	content.Brand
	Version int64 `json:"version" doc:"0 until it was ever set"`
}

// registerContent: the content library, its variables, and the live preview.
func registerContent(a *API) {
	type filter struct {
		Paging
		Q        string `query:"q" maxLength:"100" doc:"Words in the name"`
		Layer    string `query:"layer" enum:"vip,potential,new,silent,lost" doc:"Suits this layer"`
		Archived bool   `query:"archived" doc:"The archived ones instead"`
	}
	get(a, "/api/v1/contents", "list_contents", staff.ContentRead, func(ctx context.Context, in *filter) (Page[content.Content], error) {
		p, err := a.Services.Contents.List(ctx, content.Filter{Search: in.Q, Layer: in.Layer, Archived: in.Archived, After: in.After, Limit: in.Limit})
		return PageOf(p.Items, p.Next, p.Total), err
	}, summary("The content library, last changed first"))

	get(a, "/api/v1/contents/variables", "list_content_variables", staff.ContentRead, func(context.Context, *struct{}) (Page[content.Variable], error) {
		all := content.Variables()
		return PageOf(all, "", int64(len(all))), nil
	}, summary("The names a text may use"))

	get(a, "/api/v1/contents/{id}", "get_content", staff.ContentRead, func(ctx context.Context, in *ByID) (content.Content, error) {
		return a.Services.Contents.Get(ctx, in.ID)
	}, summary("A content"))

	get(a, "/api/v1/contents/{id}/versions", "list_content_versions", staff.ContentRead, func(ctx context.Context, in *ByID) (Page[content.Content], error) {
		vs, err := a.Services.Contents.Versions(ctx, in.ID)
		return PageOf(vs, "", int64(len(vs))), err
	}, summary("What a content was, newest first"))

	type write struct{ Body content.Draft }
	post(a, "/api/v1/contents", "create_content", staff.ContentWrite, func(ctx context.Context, in *write) (content.Content, error) {
		return a.Services.Contents.Write(ctx, in.Body, auth.From(ctx).ID)
	}, summary("Save a new content"), status(http.StatusCreated))

	type reviseContent struct {
		ByID
		Body struct {
			Seen  int64         `json:"seen" minimum:"1" doc:"The version that was opened; a newer one is a conflict"`
			Draft content.Draft `json:"draft"`
		}
	}
	put(a, "/api/v1/contents/{id}", "revise_content", staff.ContentWrite, func(ctx context.Context, in *reviseContent) (content.Content, error) {
		return a.Services.Contents.Revise(ctx, in.ID, in.Body.Seen, in.Body.Draft, auth.From(ctx).ID)
	}, summary("Save the next version of a content"))

	post(a, "/api/v1/contents/{id}/clone", "clone_content", staff.ContentWrite, func(ctx context.Context, in *ByID) (content.Content, error) {
		return a.Services.Contents.Clone(ctx, in.ID, auth.From(ctx).ID)
	}, summary("Copy a content, so that the copy can be changed"), status(http.StatusCreated))

	post(a, "/api/v1/contents/{id}/archive", "archive_content", staff.ContentWrite, func(ctx context.Context, in *ByID) (None, error) {
		return None{}, a.Services.Contents.Archive(ctx, in.ID)
	}, summary("Take a content out of the library; what uses it goes on"))

	post(a, "/api/v1/contents/{id}/restore", "restore_content", staff.ContentWrite, func(ctx context.Context, in *ByID) (None, error) {
		return None{}, a.Services.Contents.Restore(ctx, in.ID)
	}, summary("Put an archived content back"))

	type previewContent struct {
		Body struct {
			Draft    content.Draft `json:"draft"`
			Channel  string        `json:"channel" enum:"phone,email,webhook,task"`
			Language string        `json:"language,omitempty" enum:"zh,en" default:"zh"`
			Customer uint32        `json:"customer,omitempty" doc:"Customer number; 0 uses the samples of the variables"`
			Offer    content.Offer `json:"offer,omitempty"`
		}
	}
	post(a, "/api/v1/contents/preview", "preview_content", staff.ContentRead, func(ctx context.Context, in *previewContent) (content.Look, error) {
		customer := in.Body.Customer
		if customer != 0 && !auth.From(ctx).Can(staff.CustomersRead) {
			return content.Look{}, auth.ErrForbidden
		}
		return a.Services.Contents.Preview(ctx, in.Body.Draft, in.Body.Channel, in.Body.Language, customer, in.Body.Offer)
	}, summary("A draft as one real person would get it; sends and stores nothing"))

	get(a, "/api/v1/brand", "get_brand", staff.ContentRead, func(ctx context.Context, _ *struct{}) (brandInForce, error) {
		b, version, err := a.Services.Contents.Brand(ctx)
		return brandInForce{b, version}, err
	}, summary("Who signs, and where {{link}} leads"))

	type setBrand struct{ Body content.Brand }
	put(a, "/api/v1/brand", "set_brand", staff.ContentWrite, func(ctx context.Context, in *setBrand) (brandInForce, error) {
		version, err := a.Services.Contents.SetBrand(ctx, in.Body, auth.From(ctx).ID)
		return brandInForce{in.Body, version}, err
	}, summary("Say who signs, and where {{link}} leads"))
}
