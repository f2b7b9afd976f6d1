# SPDX-FileCopyrightText: 2026 The brine authors
# SPDX-License-Identifier: Apache-2.0
"""The shop's pages.  Each goes through the cache in one of the ways that Django offers."""

import datetime

from django import forms
from django.core.cache import cache
from django.http import HttpResponse, JsonResponse
from django.urls import path
from django.views.decorators.cache import cache_page

from shop.models import Cart, Product, Status, Visit


class OrderForm(forms.Form):
    product = forms.IntegerField(min_value=1)
    count = forms.IntegerField(min_value=1, max_value=99)
    deliver = forms.DateField(required=False)


@cache_page(60)
def front(request):
    return HttpResponse("<h1>Shop</h1>")


def product(request, number):
    found = cache.get_or_set(f"product:{number}", lambda: Product.objects.get(pk=number), 60)
    cache.set(f"visit:{number}", Visit(request.path, datetime.datetime(2026, 11, 23, 12, 0)), 60)
    return JsonResponse({"name": found.name, "price": str(found.price)})


def catalogue(request):
    rows = cache.get("catalogue")
    if rows is None:
        rows = list(Product.objects.order_by("pk"))
        cache.set_many({"catalogue": rows, "catalogue:count": len(rows)}, 60)
    return JsonResponse({"products": [row.name for row in rows]})


def order(request):
    form = OrderForm(request.POST)
    if not form.is_valid():
        return JsonResponse({"errors": form.errors}, status=400)
    cache.set("order:last", form.cleaned_data, 60)
    cart = request.session.get("cart") or Cart()
    cart.add(Product.objects.get(pk=form.cleaned_data["product"]), form.cleaned_data["count"])
    request.session["cart"] = cart
    return JsonResponse({"total": str(cart.total())})


def pay(request):
    cart = request.session["cart"]
    cart.status = Status.PAID
    request.session["cart"] = cart
    return JsonResponse({"total": str(cart.total()), "status": cart.status.value})


urlpatterns = [
    path("", front),
    path("catalogue", catalogue),
    path("product/<int:number>", product),
    path("order", order),
    path("pay", pay),
]
